/* What an approver is sent: a record that is accepted encodes to the same bytes, so it has one form, and is
 * within its bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/action.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cordon_error err = { 0 };
	struct cordon_action action;
	struct cordon_writer w;

	if (cordon_action_decode(data, size, &action, &err) < 0) {
		if (err.code != CORDON_EPEER)
			abort();
		return 0;
	}
	if (action.argv[0] == NULL || action.cwd[0] != '/' || action.executable.real[0] != '/' ||
		action.umask > 0777 || action.caller[0] == '\0')
		abort();
	cordon_writer_init(&w, CORDON_ACTION_MAX);
	if (cordon_action_encode(&action, &w, &err) < 0 || w.size != size ||
		memcmp(w.data, data, size) != 0)
		abort();
	cordon_writer_finish(&w);
	cordon_action_finish(&action);
	return 0;
}
