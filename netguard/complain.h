/* What a process of the guard says on standard error, one line each time. */
#pragma once

/* Not by stdio, which asks what standard error is, a call that nobody here keeps. */
void guard_complain(const char *who, const char *text);
