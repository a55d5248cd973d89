/* Checked allocation. */
#pragma once

#include <stddef.h>

#define CORDON_FREE __attribute__((cleanup(cordon_free_p)))

/* free(3) through a pointer to the pointer; for CORDON_FREE on locals of any pointer type. */
void cordon_free_p(void *pointer_to_pointer);

/* Overwrites size bytes, and frees them: for what no copy of the process may find later. NULL is accepted. */
void cordon_free_wiped(void *pointer, size_t size);

/* calloc(3) that also refuses a product that does not fit: returns NULL for it. */
void *cordon_array(size_t count, size_t size);

/* Frees a vector of strings that ends with NULL, and the strings. NULL is accepted. */
void cordon_vector_free(char **vector);

/* Grows *array (elements of size bytes, *capacity of them) so that at least need fit, doubling, but
 * never beyond max elements. Returns 0, or -1 when max or memory is exceeded; *array stays valid. */
int cordon_grow(void *pointer_to_array, size_t *capacity, size_t need, size_t max, size_t size);
