/* calls: none */
#include "fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cordon/text.h>

int
fault_set(struct fault *f, enum fault_code code, const char *reason, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	*f = (struct fault){ .code = code, .retryable = code == FAULT_BUSY };
	snprintf(f->reason, sizeof(f->reason), "%s", reason);
	(void)cordon_text_escape(text, strlen(text), f->text, sizeof(f->text));
	return -1;
}

void
fault_refused(struct fault *f, const struct rpc_refused *refused)
{
	*f = (struct fault){ .code = refused->error == RPC_ERROR_INVALID ? FAULT_PARAMS
									 : -31000 - refused->error,
		.retryable = refused->retryable };
	snprintf(f->reason, sizeof(f->reason), "%s", refused->reason);
	snprintf(f->rule, sizeof(f->rule), "%s", refused->rule);
	snprintf(f->text, sizeof(f->text), "%s", refused->text);
}
