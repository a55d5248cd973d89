/* The launch protocol's codec, both sides. See <cordon/launch_proto.h>. */
#include <cordon/launch_proto.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cordon/fd.h>
#include <cordon/link.h>
#include <cordon/mem.h>
#include <cordon/plan.h>
#include <cordon/wire.h>

#define STRINGS_MAX 65536u
#define STRING_MAX  (128u * 1024) /* MAX_ARG_STRLEN, execve(2) */

/* What a message without descriptors meets is the kernel's memory, whatever it calls it. */
static int
may_pass(const struct cordon_error *err, unsigned fd_count)
{
	return err->code == CORDON_ESYS && (err->sys == ENOBUFS || err->sys == ENOMEM ||
						   (err->sys == ETOOMANYREFS && fd_count == 0));
}

static int
send_writer(int link, uint16_t number, struct cordon_writer *w, const int *fds, unsigned fd_count,
	struct cordon_error *err)
{
	const struct timespec pause = { .tv_nsec = 10 * 1000000 };
	int result = cordon_writer_check(w, err);

	/* The other side waits for each of them: the kernel gets a second to find memory for it. */
	for (int attempt = 0; result == 0 && attempt < 100; attempt++) {
		result = cordon_link_send(link, number, w->data, w->size, fds, fd_count, err);
		if (result == 0 || !may_pass(err, fd_count))
			break;
		result = 0;
		(void)nanosleep(&pause, NULL);
	}
	cordon_writer_finish(w);
	return result;
}

int
cordon_launch_send_hello(int link, int lifeline, struct cordon_error *err)
{
	return cordon_link_send(link, CORDON_LAUNCH_HELLO, NULL, 0, &lifeline, 1, err);
}

void
cordon_launch_encode_plan(uint32_t number, const struct cordon_plan *plan, struct cordon_writer *w)
{
	cordon_put_u32(w, number);
	cordon_plan_encode(plan, w);
}

int
cordon_launch_send_plan(
	int link, uint32_t number, const struct cordon_plan *plan, struct cordon_error *err)
{
	struct cordon_writer w;

	cordon_writer_init(&w, CORDON_LINK_BODY);
	cordon_launch_encode_plan(number, plan, &w);
	return send_writer(link, CORDON_LAUNCH_PLAN, &w, NULL, 0, err);
}

static void
put_identity(struct cordon_writer *w, const struct cordon_identity *identity)
{
	cordon_put_u64(w, identity->dev);
	cordon_put_u64(w, identity->ino);
}

void
cordon_launch_encode(const struct cordon_launch *launch, struct cordon_writer *w)
{
	cordon_put_u64(w, launch->run);
	cordon_put_u32(w, launch->plan);
	cordon_put_vector(w, launch->argv);
	cordon_put_vector(w, launch->env);
	cordon_put_string(w, launch->exe);
	put_identity(w, &launch->exe_identity);
	cordon_put_u8(w, launch->script != 0);
	cordon_put_string(w, launch->cwd);
	put_identity(w, &launch->cwd_identity);
	cordon_put_string(w, launch->workspace);
	put_identity(w, &launch->workspace_identity);
	cordon_put_u32(w, launch->umask);
	cordon_put_u32(w, launch->tty);
	cordon_put_u16(w, launch->rows);
	cordon_put_u16(w, launch->columns);
	cordon_put_u8(w, launch->held != 0);
	cordon_put_u64(w, launch->memory_bytes);
	cordon_put_u64(w, launch->processes);
	cordon_put_u64(w, launch->cpu_ms);
	cordon_put_u64(w, launch->open_files);
	cordon_put_u64(w, launch->file_bytes);
}

int
cordon_launch_send_launch(int link, const struct cordon_launch *launch, const int *fds,
	unsigned fd_count, struct cordon_error *err)
{
	struct cordon_writer w;

	cordon_writer_init(&w, CORDON_LINK_BODY);
	cordon_launch_encode(launch, &w);
	return send_writer(link, CORDON_LAUNCH_LAUNCH, &w, fds, fd_count, err);
}

void
cordon_launch_encode_prepare(const struct cordon_prepare *p, struct cordon_writer *w)
{
	cordon_put_u32(w, p->plan);
	cordon_put_u32(w, p->count);
	cordon_put_string(w, p->workspace);
	put_identity(w, &p->workspace_identity);
}

void
cordon_launch_encode_signal(uint64_t run, int signal, struct cordon_writer *w)
{
	cordon_put_u64(w, run);
	cordon_put_u32(w, (uint32_t)signal);
}

int
cordon_launch_send_signal(int link, uint64_t run, int signal, struct cordon_error *err)
{
	struct cordon_writer w;

	cordon_writer_init(&w, 64);
	cordon_launch_encode_signal(run, signal, &w);
	return send_writer(link, CORDON_LAUNCH_SIGNAL, &w, NULL, 0, err);
}

int
cordon_launch_send_kill(int link, uint64_t run, struct cordon_error *err)
{
	struct cordon_writer w;

	cordon_writer_init(&w, 64);
	cordon_put_u64(&w, run);
	return send_writer(link, CORDON_LAUNCH_KILL, &w, NULL, 0, err);
}

static int
get_identity(struct cordon_reader *r, struct cordon_identity *ret)
{
	return cordon_get_u64(r, &ret->dev) < 0 || cordon_get_u64(r, &ret->ino) < 0 ? -1 : 0;
}

static int
get_launch(struct cordon_reader *r, struct cordon_launch *l)
{
	uint8_t script = 0, held = 0;

	if (cordon_get_u64(r, &l->run) < 0 || cordon_get_u32(r, &l->plan) < 0 ||
		cordon_get_vector(r, STRINGS_MAX, STRING_MAX, &l->argv) < 0 || l->argv[0] == NULL ||
		cordon_get_vector(r, STRINGS_MAX, STRING_MAX, &l->env) < 0)
		return -1;
	if (cordon_get_string(r, PATH_MAX - 1, &l->exe) < 0 || l->exe[0] != '/' ||
		get_identity(r, &l->exe_identity) < 0 || cordon_get_u8(r, &script) < 0 ||
		script > 1 || cordon_get_string(r, PATH_MAX - 1, &l->cwd) < 0 || l->cwd[0] != '/' ||
		get_identity(r, &l->cwd_identity) < 0)
		return -1;
	l->script = script;
	if (cordon_get_string(r, PATH_MAX - 1, &l->workspace) < 0 ||
		(l->workspace[0] != '/' && l->workspace[0] != '\0') ||
		get_identity(r, &l->workspace_identity) < 0)
		return -1;
	if (cordon_get_u32(r, &l->umask) < 0 || l->umask > 0777 || cordon_get_u32(r, &l->tty) < 0 ||
		l->tty > 7 || cordon_get_u16(r, &l->rows) < 0 ||
		cordon_get_u16(r, &l->columns) < 0 || cordon_get_u8(r, &held) < 0 || held > 1)
		return -1;
	l->held = held;
	if (cordon_get_u64(r, &l->memory_bytes) < 0 || cordon_get_u64(r, &l->processes) < 0 ||
		cordon_get_u64(r, &l->cpu_ms) < 0 || cordon_get_u64(r, &l->open_files) < 0 ||
		cordon_get_u64(r, &l->file_bytes) < 0)
		return -1;
	return 0;
}

unsigned
cordon_launch_fd_count(const struct cordon_launch *launch)
{
	return 3 - (unsigned)__builtin_popcount(launch->tty) + (launch->held != 0);
}

int
cordon_launch_decode(
	const void *data, size_t size, struct cordon_launch *ret, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	struct cordon_launch launch = { 0 };

	if (get_launch(&r, &launch) < 0 || r.left != 0) {
		cordon_launch_finish(&launch);
		return cordon_fail(err, CORDON_EPEER, 0, "a launch request has the wrong shape");
	}
	*ret = launch;
	return 0;
}

int
cordon_launch_decode_prepare(
	const void *data, size_t size, struct cordon_prepare *ret, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	struct cordon_prepare p = { 0 };

	if (cordon_get_u32(&r, &p.plan) < 0 || cordon_get_u32(&r, &p.count) < 0 ||
		p.count > CORDON_LAUNCH_READY ||
		cordon_get_string(&r, PATH_MAX - 1, &p.workspace) < 0 ||
		(p.workspace[0] != '/' && p.workspace[0] != '\0') ||
		get_identity(&r, &p.workspace_identity) < 0 || r.left != 0) {
		free(p.workspace);
		return cordon_fail(
			err, CORDON_EPEER, 0, "a message to prepare has the wrong shape");
	}
	*ret = p;
	return 0;
}

static void
wipe_string(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text));
}

static void
wipe_vector(char **vector)
{
	for (size_t i = 0; vector != NULL && vector[i] != NULL; i++)
		wipe_string(vector[i]);
}

void
cordon_launch_wipe(struct cordon_launch *launch)
{
	wipe_vector(launch->argv);
	wipe_vector(launch->env);
	wipe_string(launch->exe);
	wipe_string(launch->cwd);
	wipe_string(launch->workspace);
}

void
cordon_launch_finish(struct cordon_launch *launch)
{
	cordon_launch_wipe(launch);
	cordon_vector_free(launch->argv);
	cordon_vector_free(launch->env);
	free(launch->exe);
	free(launch->cwd);
	free(launch->workspace);
	memset(launch, 0, sizeof(*launch));
}

int
cordon_launch_send_started(int link, const struct cordon_started *s, int pty, const int *captured,
	unsigned captured_count, struct cordon_error *err)
{
	int fds[1 + CORDON_CAPTURE_SOCKETS];
	unsigned count = 0;
	struct cordon_writer w;

	cordon_writer_init(&w, 256);
	cordon_put_u64(&w, s->run);
	cordon_put_u32(&w, (uint32_t)s->pid);
	cordon_put_u8(&w, (uint8_t)s->memory);
	cordon_put_u8(&w, (uint8_t)s->processes);
	cordon_put_u8(&w, (uint8_t)s->cpu);
	cordon_put_u32(&w, s->landlock);
	cordon_put_u8(&w, s->reports_calls != 0);
	cordon_put_u8(&w, s->mapped_root != 0);
	cordon_put_u8(&w, s->ahead != 0);
	cordon_put_u8(&w, pty >= 0);
	cordon_put_u8(&w, (uint8_t)captured_count);
	if (pty >= 0)
		fds[count++] = pty;
	for (unsigned i = 0; i < captured_count; i++)
		fds[count++] = captured[i];
	return send_writer(link, CORDON_LAUNCH_STARTED, &w, fds, count, err);
}

int
cordon_launch_send_failed(
	int link, uint64_t run, const struct cordon_error *failure, struct cordon_error *err)
{
	struct cordon_writer w;

	cordon_writer_init(&w, 1024);
	cordon_put_u64(&w, run);
	cordon_put_u32(&w, failure->code);
	cordon_put_u32(&w, (uint32_t)failure->sys);
	cordon_put_string(&w, failure->reason);
	cordon_put_string(&w, failure->text);
	return send_writer(link, CORDON_LAUNCH_FAILED, &w, NULL, 0, err);
}

int
cordon_launch_send_stopped(int link, uint64_t run, int signal, struct cordon_error *err)
{
	struct cordon_writer w;

	cordon_writer_init(&w, 64);
	cordon_put_u64(&w, run);
	cordon_put_u32(&w, (uint32_t)signal);
	return send_writer(link, CORDON_LAUNCH_STOPPED, &w, NULL, 0, err);
}

int
cordon_launch_send_exited(int link, const struct cordon_exited *e, struct cordon_error *err)
{
	struct cordon_writer w;

	cordon_writer_init(&w, 1u << 16);
	cordon_put_u64(&w, e->run);
	cordon_put_u8(&w, (uint8_t)e->end);
	cordon_put_u32(&w, (uint32_t)e->status);
	cordon_put_u64(&w, e->user_us);
	cordon_put_u64(&w, e->system_us);
	cordon_put_u64(&w, e->max_rss_bytes);
	cordon_put_u64(&w, e->processes);
	cordon_put_u32(&w, e->refused_count);
	for (uint32_t i = 0; i < e->refused_count; i++) {
		cordon_put_u32(&w, e->refused[i].nr);
		cordon_put_u32(&w, e->refused[i].error);
		for (int a = 0; a < 6; a++)
			cordon_put_u64(&w, e->refused[i].args[a]);
		cordon_put_u64(&w, e->refused[i].count);
	}
	cordon_put_u64(&w, e->refused_dropped);
	cordon_put_u32(&w, e->starts_code_count);
	for (uint32_t i = 0; i < e->starts_code_count; i++)
		cordon_put_string(&w, e->starts_code[i]);
	return send_writer(link, CORDON_LAUNCH_EXITED, &w, NULL, 0, err);
}

static int
get_started(struct cordon_reader *r, struct cordon_started *s, int *ret_pty)
{
	uint32_t pid = 0;
	uint8_t kinds[3] = { 0 }, reports = 0, mapped = 0, ahead = 0, pty = 0, captured = 0;

	if (cordon_get_u32(r, &pid) < 0 || cordon_get_u8(r, &kinds[0]) < 0 ||
		cordon_get_u8(r, &kinds[1]) < 0 || cordon_get_u8(r, &kinds[2]) < 0 ||
		cordon_get_u32(r, &s->landlock) < 0 || cordon_get_u8(r, &reports) < 0 ||
		cordon_get_u8(r, &mapped) < 0 || cordon_get_u8(r, &ahead) < 0 ||
		cordon_get_u8(r, &pty) < 0 || pty > 1 || cordon_get_u8(r, &captured) < 0 ||
		(captured != 0 && captured != CORDON_CAPTURE_IPV4 &&
			captured != CORDON_CAPTURE_SOCKETS))
		return -1;
	for (int i = 0; i < 3; i++)
		if (kinds[i] > CORDON_LIMIT_CGROUP2)
			return -1;
	s->pid = (int32_t)pid;
	s->memory = kinds[0];
	s->processes = kinds[1];
	s->cpu = kinds[2];
	s->reports_calls = reports;
	s->mapped_root = mapped;
	s->ahead = ahead;
	s->captured = captured;
	*ret_pty = pty;
	return 0;
}

static int
get_failure(struct cordon_reader *r, struct cordon_error *failure)
{
	uint32_t code = 0, sys = 0;

	if (cordon_get_u32(r, &code) < 0 || code == CORDON_OK || code >= CORDON_CODE_COUNT ||
		cordon_get_u32(r, &sys) < 0 ||
		cordon_get_text(r, failure->reason, sizeof(failure->reason)) < 0 ||
		cordon_get_text(r, failure->text, sizeof(failure->text)) < 0)
		return -1;
	failure->code = code;
	failure->sys = (int)sys;
	return 0;
}

static int
get_exited(struct cordon_reader *r, struct cordon_exited *e)
{
	uint8_t end = 0;
	uint32_t status = 0;

	if (cordon_get_u8(r, &end) < 0 || end > CORDON_END_PROTECT ||
		cordon_get_u32(r, &status) < 0 || cordon_get_u64(r, &e->user_us) < 0 ||
		cordon_get_u64(r, &e->system_us) < 0 || cordon_get_u64(r, &e->max_rss_bytes) < 0 ||
		cordon_get_u64(r, &e->processes) < 0 || cordon_get_u32(r, &e->refused_count) < 0 ||
		e->refused_count > CORDON_REFUSED_MAX)
		return -1;
	e->end = end;
	e->status = (int32_t)status;
	for (uint32_t i = 0; i < e->refused_count; i++) {
		struct cordon_refused *f = &e->refused[i];

		if (cordon_get_u32(r, &f->nr) < 0 || cordon_get_u32(r, &f->error) < 0)
			return -1;
		for (int a = 0; a < 6; a++)
			if (cordon_get_u64(r, &f->args[a]) < 0)
				return -1;
		if (cordon_get_u64(r, &f->count) < 0)
			return -1;
	}
	if (cordon_get_u64(r, &e->refused_dropped) < 0 ||
		cordon_get_u32(r, &e->starts_code_count) < 0 ||
		e->starts_code_count > sizeof(e->starts_code) / sizeof(e->starts_code[0]))
		return -1;
	for (uint32_t i = 0; i < e->starts_code_count; i++)
		if (cordon_get_text(r, e->starts_code[i], sizeof(e->starts_code[i])) < 0)
			return -1;
	return 0;
}

/* *ret_pty: whether the master of a terminal comes with it. */
static int
get_event(struct cordon_reader *r, struct cordon_launch_event *event, int *ret_pty)
{
	uint32_t signal = 0;

	if (cordon_get_u64(r, &event->run) < 0)
		return -1;
	switch (event->message) {
	case CORDON_LAUNCH_STARTED:
		event->started.run = event->run;
		return get_started(r, &event->started, ret_pty);
	case CORDON_LAUNCH_FAILED:
		return get_failure(r, &event->failure);
	case CORDON_LAUNCH_STOPPED:
		if (cordon_get_u32(r, &signal) < 0)
			return -1;
		event->stop_signal = (int)signal;
		return 0;
	case CORDON_LAUNCH_EXITED:
		event->exited.run = event->run;
		return get_exited(r, &event->exited);
	default:
		return -1;
	}
}

int
cordon_launch_receive(int link, struct cordon_launch_event *ret, struct cordon_error *err)
{
	struct cordon_message m = { 0 };
	int result = cordon_link_receive(link, &m, err), pty = 0;
	unsigned taken = 0;

	if (result <= 0)
		return result;
	memset(ret, 0, sizeof(*ret));
	ret->message = m.number;
	ret->pty = -1;
	for (int i = 0; i < CORDON_CAPTURE_SOCKETS; i++)
		ret->captured[i] = -1;

	struct cordon_reader r = { .at = m.body, .left = m.size };

	if (get_event(&r, ret, &pty) < 0 || r.left != 0 ||
		m.fd_count != (unsigned)pty + ret->started.captured) {
		cordon_message_finish(&m);
		return cordon_fail(err, CORDON_EPEER, 0,
			"the launcher sent a message with the wrong shape (number %u)", m.number);
	}
	if (pty)
		ret->pty = cordon_fd_take(&m.fds[taken++]);
	for (unsigned i = 0; i < ret->started.captured; i++)
		ret->captured[i] = cordon_fd_take(&m.fds[taken++]);
	cordon_message_finish(&m);
	return 1;
}

void
cordon_launch_event_finish(struct cordon_launch_event *event)
{
	cordon_fd_close_p(&event->pty);
	for (int i = 0; i < CORDON_CAPTURE_SOCKETS; i++)
		cordon_fd_close_p(&event->captured[i]);
}
