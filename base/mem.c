/* calls: none */
#include <cordon/mem.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void
cordon_free_p(void *pointer_to_pointer)
{
	void **pointer = pointer_to_pointer;

	free(*pointer);
	*pointer = NULL;
}

void
cordon_free_wiped(void *pointer, size_t size)
{
	if (pointer != NULL)
		explicit_bzero(pointer, size);
	free(pointer);
}

void *
cordon_array(size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		return NULL;
	return calloc(count, size);
}

int
cordon_grow(void *pointer_to_array, size_t *capacity, size_t need, size_t max, size_t size)
{
	size_t wanted = *capacity, total;
	void *grown, *array;

	if (need <= *capacity)
		return 0;
	if (need > max)
		return -1;
	if (wanted < 8)
		wanted = 8;
	while (wanted < need)
		wanted = wanted > max / 2 ? max : wanted * 2;
	if (wanted > max)
		wanted = max;
	if (__builtin_mul_overflow(wanted, size, &total))
		return -1;
	memcpy(&array, pointer_to_array, sizeof(array));
	grown = realloc(array, total);
	if (grown == NULL)
		return -1;
	memset((char *)grown + *capacity * size, 0, (wanted - *capacity) * size);
	memcpy(pointer_to_array, &grown, sizeof(grown));
	*capacity = wanted;
	return 0;
}

void
cordon_vector_free(char **vector)
{
	for (size_t i = 0; vector != NULL && vector[i] != NULL; i++)
		free(vector[i]);
	free(vector);
}
