/* calls: ioctl and those of connect.c */
#include "gate.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <cordon/bpf.h>

/* Room for structures of newer kernels: seccomp_unotify(2), NOTES. init.c checks the sizes. */
union notification {
	struct seccomp_notif call;
	char room[512];
};

void
gate_reply(const struct gate *gate, uint64_t id, int error)
{
	union {
		struct seccomp_notif_resp response;
		char room[512];
	} r;

	memset(&r, 0, sizeof(r));
	r.response.id = id;
	r.response.error = -error;
	/* ENOENT: the caller was killed meanwhile. */
	(void)!ioctl(gate->listener, SECCOMP_IOCTL_NOTIF_SEND, &r.response);
}

void
gate_count(struct gate *gate, const struct seccomp_data *call, int error)
{
	const uint32_t nr = (uint32_t)call->nr;
	const size_t used = nr < CORDON_PLAN_CALLS ? gate->plan->arguments[nr] : 6;
	struct cordon_refused seen = { .nr = nr, .error = (uint32_t)error, .count = 1 };

	memcpy(seen.args, call->args, used * sizeof(seen.args[0]));
	for (uint32_t i = 0; i < gate->refused_count; i++) {
		struct cordon_refused *r = &gate->refused[i];

		if (r->nr == seen.nr && r->error == seen.error &&
			memcmp(r->args, seen.args, sizeof(r->args)) == 0) {
			r->count++;
			return;
		}
	}
	if (gate->refused_count == CORDON_REFUSED_MAX)
		gate->refused_dropped++;
	else
		gate->refused[gate->refused_count++] = seen;
}

int
gate_answer(struct gate *gate)
{
	union notification n;
	uint32_t verdict;
	int error = ENOSYS;

	memset(&n, 0, sizeof(n)); /* seccomp_unotify(2): must be zeroed */
	if (ioctl(gate->listener, SECCOMP_IOCTL_NOTIF_RECV, &n.call) < 0)
		return errno == ENOENT || errno == EINTR || errno == EAGAIN ? 0 : -1;
	verdict = cordon_bpf_run(gate->plan->filter, gate->plan->filter_count, &n.call.data);
	if ((verdict & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_USER_NOTIF &&
		n.call.data.nr == SYS_connect) {
		error = gate_connect(gate, &n.call);
		if (error == 0)
			return 0;
		if (error == GATE_CONNECTED)
			error = 0;
		else if (error == EACCES)
			gate_count(gate, &n.call.data, error);
		gate_reply(gate, n.call.id, error);
		return 0;
	}
	if ((verdict & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO &&
		(verdict & SECCOMP_RET_DATA) > CORDON_ERRNO_REPORTED)
		error = (int)((verdict & SECCOMP_RET_DATA) - CORDON_ERRNO_REPORTED);
	/* Anything else here would mean that kernel and interpreter disagree: ENOSYS, and counted. */
	gate_count(gate, &n.call.data, error);
	gate_reply(gate, n.call.id, error);
	return 0;
}
