/* A file that is written when a run has ended, where the caller said before it began (A07). */
#pragma once

#include <limits.h>

#include <cordon/error.h>

struct report {
	int directory, file; /* -1: no report */
	char temporary[64]; /* the name it has until it is whole; "": none */
	char name[NAME_MAX + 1];
};

/* Opens the directory and a fresh file in it, following no link. path NULL: no report. */
int report_open(const char *path, struct report *ret, struct cordon_error *err) CORDON_CHECKED;
/* Writes text and a newline and gives the file its name. */
int report_write(struct report *report, const char *text, struct cordon_error *err) CORDON_CHECKED;
/* Takes away what was not written. */
void report_finish(struct report *report);
