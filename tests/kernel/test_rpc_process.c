/* The real cordon-rpc with a caller and a monitor that are this test: what each of them sees, in what order.
 * Everything that needs a real monitor is in tests/system. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/link.h>
#include <cordon/rpc_fetch_proto.h>
#include <cordon/rpc_proto.h>
#include <cordon/spawn.h>

static int to_rpc, link_end, pidfd;
static FILE *from_rpc;

static void
begin(void)
{
	int in[2], out[2], ends[2];
	struct cordon_error err;

	cr_assert(eq(int, pipe2(in, O_CLOEXEC), 0));
	cr_assert(eq(int, pipe2(out, O_CLOEXEC), 0));
	cr_assert(eq(int, cordon_link_pair(ends, &err), 0));
	cr_assert(gt(int,
			  cordon_spawn(CORDON_RPC, "cordon-rpc",
				  (const int[]){ in[0], out[1], 2, ends[1] }, 4, &pidfd, &err),
			  0),
		"%s", err.text);
	close(in[0]);
	close(out[1]);
	close(ends[1]);
	to_rpc = in[1];
	from_rpc = fdopen(out[0], "re");
	link_end = ends[0];
}

static void
end(void)
{
	siginfo_t info = { 0 };

	if (to_rpc >= 0)
		close(to_rpc);
	close(link_end);
	fclose(from_rpc);
	cr_expect(eq(int, waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED), 0));
	cr_expect(eq(int, info.si_code, CLD_EXITED), "signal %d", info.si_status);
	close(pidfd);
}

TestSuite(rpc_process, .init = begin, .fini = end, .timeout = 30);

static struct cordon_message
hear(uint16_t number)
{
	struct cordon_message m = { 0 };
	struct cordon_error err;

	cr_assert(eq(int, cordon_link_receive(link_end, &m, &err), 1));
	cr_assert(eq(int, m.number, number));
	return m;
}

static void
tell(uint16_t number, struct cordon_writer *w, const int *fds, unsigned count)
{
	struct cordon_error err;

	cr_assert(eq(int, w->failed, 0));
	cr_assert(
		eq(int, cordon_link_send(link_end, number, w->data, w->size, fds, count, &err), 0));
	cordon_writer_finish(w);
}

static void
welcome(void)
{
	struct rpc_profile profile = { .name = (char *)"default", .description = (char *)"" };
	const struct rpc_welcome v = { .version = (char *)"1.2.3",
		.trust = (char *)"same-uid",
		.workspace = (char *)"/w",
		.cgroup = (char *)"none",
		.profiles = &profile,
		.profile_count = 1 };
	struct cordon_message m = hear(RPC_READY);
	struct cordon_writer w;

	cordon_message_finish(&m);
	cordon_writer_init(&w, CORDON_LINK_BODY);
	rpc_welcome_encode(&v, &w);
	tell(RPC_WELCOME, &w, NULL, 0);
}

static void
say(const char *line)
{
	cr_assert(eq(int, cordon_fd_write_all(to_rpc, line, strlen(line)), 0));
	cr_assert(eq(int, cordon_fd_write_all(to_rpc, "\n", 1), 0));
}

/* The next line, which is the caller's to free. */
static json_t *
answer(void)
{
	char *line = NULL;
	size_t room = 0;
	json_t *json;

	cr_assert(gt(i64, (int64_t)getline(&line, &room, from_rpc), 0));
	json = json_loads(line, 0, NULL);
	cr_assert(ne(ptr, json, NULL), "%s", line);
	free(line);
	return json;
}

static void
expect_error(json_t *json, int code, const char *reason)
{
	int got = 0;
	const char *why = "";

	cr_expect(eq(int,
		json_unpack(
			json, "{s:{s:i, s:{s:s}}}", "error", "code", &got, "data", "reason", &why),
		0));
	cr_expect(eq(int, got, code));
	cr_expect(eq(str, (char *)why, (char *)reason));
	json_decref(json);
}

struct fake_run {
	int in, out, err; /* the run's ends */
};

/* Answers a START with run number run. */
static struct fake_run
start(uint64_t run, uint64_t output_bytes)
{
	struct cordon_message m = hear(RPC_START);
	struct rpc_started started = { .run = run,
		.id = (char *)"r-fake",
		.pid = 7,
		.decision = (char *)"allow",
		.rule = (char *)"",
		.output_bytes = output_bytes };
	struct fake_run fake = { -1, -1, -1 };
	int in[2], out[2], err[2], fds[3];
	unsigned count = 0;
	struct rpc_start asked;
	struct cordon_writer w;
	struct cordon_error why;

	cr_assert(eq(int, rpc_start_decode(m.body, m.size, &asked, &why), 0));
	started.request = asked.request;
	if (asked.stdin_pipe) {
		cr_assert(eq(int, pipe2(in, O_CLOEXEC), 0));
		fake.in = in[0];
		fds[count++] = in[1];
	}
	cr_assert(eq(int, pipe2(out, O_CLOEXEC) | pipe2(err, O_CLOEXEC), 0));
	fake.out = out[1];
	fake.err = err[1];
	fds[count++] = out[0];
	fds[count++] = err[0];
	cordon_writer_init(&w, CORDON_LINK_BODY);
	rpc_started_encode(&started, &w);
	tell(RPC_STARTED, &w, fds, count);
	for (unsigned i = 0; i < count; i++)
		close(fds[i]);
	rpc_start_finish(&asked);
	cordon_message_finish(&m);
	return fake;
}

static void
finish(uint64_t run, struct fake_run *fake, const char *reason)
{
	static struct run_result result;
	struct cordon_writer w;

	close(fake->in);
	close(fake->out);
	close(fake->err);
	snprintf(result.run, sizeof(result.run), "r-fake");
	snprintf(result.reason, sizeof(result.reason), "%s", reason);
	cordon_writer_init(&w, CORDON_LINK_BODY);
	rpc_exited_encode(run, &result, &w);
	tell(RPC_EXITED, &w, NULL, 0);
}

Test(rpc_process, a_run_is_answered_with_all_of_its_output)
{
	struct fake_run fake;
	json_t *json;
	const char *out, *err;
	char input[6] = "";

	welcome();
	say("{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"process/run\","
	    "\"params\":{\"argv\":[\"a\"],\"stdinText\":\"input\"}}");
	fake = start(1, UINT64_MAX);
	cr_assert(eq(i64, (int64_t)cordon_fd_read_full(fake.in, input, 6), 5), "it ends");
	cr_assert(eq(str, input, "input"));
	cr_assert(eq(int, cordon_fd_write_all(fake.out, "printed", 7), 0));
	cr_assert(eq(int, cordon_fd_write_all(fake.err, "\xff", 1), 0));
	finish(1, &fake, "exit");

	json = answer();
	cr_assert(eq(int,
		json_unpack(json, "{s:{s:{s:s},s:{s:s}}}", "result", "stdout", "text", &out,
			"stderr", "base64", &err),
		0));
	cr_expect(eq(str, (char *)out, "printed"));
	cr_expect(eq(str, (char *)err, "/w=="));
	json_decref(json);
}

Test(rpc_process, what_the_monitor_refuses_is_told_and_its_handle_is_free_again)
{
	static const char line[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"process/run\","
				   "\"params\":{\"argv\":[\"a\"],\"run\":\"h\"}}";
	struct rpc_refused refused = { .error = RPC_ERROR_FLOOR,
		.reason = (char *)"floor.x",
		.rule = (char *)"r",
		.text = (char *)"no" };
	struct cordon_error err;
	struct fake_run fake;
	struct cordon_writer w;

	welcome();
	for (int i = 0; i < 2; i++) {
		struct cordon_message m;
		struct rpc_start asked;

		say(line);
		m = hear(RPC_START);
		cr_assert(eq(int, rpc_start_decode(m.body, m.size, &asked, &err), 0));
		refused.request = asked.request;
		rpc_start_finish(&asked);
		cordon_message_finish(&m);
		cordon_writer_init(&w, CORDON_LINK_BODY);
		rpc_refused_encode(&refused, &w);
		tell(RPC_REFUSED, &w, NULL, 0);
		expect_error(answer(), -31004, "floor.x");
	}
	say(line);
	fake = start(1, UINT64_MAX);
	finish(1, &fake, "exit");
	json_decref(answer());
	say(line);
	expect_error(answer(), -32602, "run.reused");
}

Test(rpc_process, m10_a_run_that_prints_too_much_is_ended)
{
	struct fake_run fake;
	struct cordon_message m;
	struct cordon_error err;
	json_t *json;
	const char *out;
	uint64_t run;
	uint32_t kind;
	int bytes;

	welcome();
	say("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"process/run\","
	    "\"params\":{\"argv\":[\"a\"]}}");
	fake = start(5, 10);
	cr_assert(eq(int, cordon_fd_write_all(fake.out, "0123456789AB", 12), 0));
	m = hear(RPC_KILL);
	cr_assert(eq(int, rpc_order_decode(m.body, m.size, RPC_KILL_KINDS, &run, &kind, &err), 0));
	cr_assert(eq(u64, run, 5));
	cr_assert(eq(int, (int)kind, RPC_KILL_OUTPUT));
	cordon_message_finish(&m);
	finish(5, &fake, "output");
	json = answer();
	cr_assert(eq(int,
		json_unpack(json, "{s:{s:{s:s},s:{s:i}}}", "result", "stdout", "text", &out,
			"usage", "stdoutBytes", &bytes),
		0));
	cr_expect(eq(str, (char *)out, "0123456789"));
	cr_expect(eq(int, bytes, 12));
	json_decref(json);
}

Test(rpc_process, a_cancelled_run_is_killed_and_answered_at_its_end)
{
	struct fake_run fake;
	struct cordon_message m;

	welcome();
	say("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"process/run\","
	    "\"params\":{\"argv\":[\"a\"]}}");
	say("{\"jsonrpc\":\"2.0\",\"method\":\"$/cancel\",\"params\":{\"id\":1}}");
	fake = start(3, UINT64_MAX);
	m = hear(RPC_KILL);
	cordon_message_finish(&m);
	finish(3, &fake, "killed");
	expect_error(answer(), -31009, "request.cancelled");
}

Test(rpc_process, output_is_told_before_the_end)
{
	struct fake_run fake;
	json_t *json;
	int seq;

	welcome();
	say("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"process/start\","
	    "\"params\":{\"argv\":[\"a\"],\"run\":\"h\",\"stdin\":\"none\"}}");
	fake = start(1, UINT64_MAX);
	json = answer();
	cr_expect(ne(ptr, json_object_get(json, "result"), NULL));
	json_decref(json);
	/* The begin of a character waits for its rest, and does not split the text. */
	cr_assert(eq(int, cordon_fd_write_all(fake.out, "a\xe2\x82", 3), 0));
	cr_assert(eq(int, cordon_fd_write_all(fake.out, "\xac", 1), 0));
	finish(1, &fake, "exit");
	for (int i = 1;; i++) {
		json = answer();
		if (strcmp(json_string_value(json_object_get(json, "method")), "process/exited") ==
			0)
			break;
		cr_assert(eq(int, json_unpack(json, "{s:{s:i}}", "params", "seq", &seq), 0));
		cr_expect(eq(int, seq, i));
		cr_expect(ne(ptr, json_object_get(json_object_get(json, "params"), "text"), NULL));
		json_decref(json);
	}
	json_decref(json);
}

Test(rpc_process, m10_too_many_requests_are_answered_and_the_rest_goes_on)
{
	char line[200];

	welcome();
	for (int i = 0; i <= RPC_INFLIGHT; i++) {
		struct cordon_message m;

		snprintf(line, sizeof(line),
			"{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"process/run\","
			"\"params\":{\"argv\":[\"a\"]}}",
			i);
		say(line);
		if (i == RPC_INFLIGHT)
			break;
		m = hear(RPC_START);
		cordon_message_finish(&m);
	}
	expect_error(answer(), -31007, "limit.inflight");
	say("{\"jsonrpc\":\"2.0\",\"id\":\"p\",\"method\":\"ping\"}");
	json_decref(answer());
	say("{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"ping\"}");
	expect_error(answer(), -32600, "request.id");
}

Test(rpc_process, a_line_that_is_too_long_is_answered_and_ends_the_link)
{
	static char much[1u << 20];
	pid_t writer;

	welcome();
	memset(much, 'x', sizeof(much));
	writer = fork(); /* the process reads no more at some time */
	if (writer == 0) {
		signal(SIGPIPE, SIG_IGN);
		for (int i = 0; i < 17; i++)
			(void)!write(to_rpc, much, sizeof(much));
		_exit(0);
	}
	expect_error(answer(), -32600, "limit.line");
	cr_expect(eq(int, fgetc(from_rpc), EOF));
	cr_assert(eq(int, waitpid(writer, NULL, 0), writer));
}

Test(rpc_process, long_messages_pass_in_both_directions)
{
	static char words[300000], line[400000];
	struct rpc_start asked;
	struct cordon_message m;
	struct cordon_error err;
	struct cordon_writer w;
	json_t *json;

	welcome();
	for (size_t i = 0; i < sizeof(words) - 1; i++)
		words[i] = "\"a\","[i % 4];
	words[sizeof(words) - 2] = '\0'; /* the last comma */
	snprintf(line, sizeof(line),
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"policy/check\","
		"\"params\":{\"action\":{\"argv\":[%.*s\"a\"]}}}",
		(int)(sizeof(words) / 8 * 4), words);
	say(line);
	m = hear(RPC_CHECK);
	cr_assert(gt(sz, m.size, 64 * 1024));
	cr_assert(eq(int, rpc_start_decode(m.body, m.size, &asked, &err), 0));
	rpc_start_finish(&asked);
	cordon_message_finish(&m);

	say("{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"profile/show\",\"params\":{\"name\":\"x\"}}");
	m = hear(RPC_PROFILE);
	memset(line, ' ', 200000);
	memcpy(line, "{", 1);
	memcpy(line + 200000, "}", 2);
	cordon_writer_init(&w, CORDON_LINK_BODY);
	rpc_text_encode(*(const uint64_t *)(const void *)m.body, line, &w);
	cordon_message_finish(&m);
	tell(RPC_TEXT, &w, NULL, 0);
	json = answer();
	cr_expect(ne(ptr, json_object_get(json_object_get(json, "result"), "profile"), NULL));
	json_decref(json);
}

Test(rpc_process, the_end_of_the_caller_ends_it)
{
	struct pollfd gone = { .fd = pidfd, .events = POLLIN };

	welcome();
	say("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}");
	close(to_rpc);
	to_rpc = -1;
	json_decref(answer());
	cr_expect(eq(int, poll(&gone, 1, 10000), 1));
}

Test(rpc_process, the_end_of_the_monitor_ends_it)
{
	struct pollfd gone = { .fd = pidfd, .events = POLLIN };

	welcome();
	cr_assert(eq(int, shutdown(link_end, SHUT_RDWR), 0));
	cr_expect(eq(int, poll(&gone, 1, 10000), 1));
}

Test(rpc_process, a_monitor_that_breaks_the_contract_ends_it)
{
	struct pollfd gone = { .fd = pidfd, .events = POLLIN };
	struct cordon_writer w;

	welcome();
	cordon_writer_init(&w, 64);
	rpc_done_encode(12345, &w);
	tell(RPC_DONE, &w, NULL, 0);
	cr_expect(eq(int, poll(&gone, 1, 10000), 1));
}

/* A caller's fetch, answered with a page of that text, of which is said that it has so many bytes. */
static void
fetch(const char *text, int seals, uint64_t bytes)
{
	const int page = memfd_create("page", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct cordon_fetch_result r = {
		.outcome = CORDON_FETCH_DONE, .step_count = 1, .bytes = bytes
	};
	struct cordon_error err;
	struct cordon_message m;
	struct rpc_fetch asked;
	struct cordon_writer w;

	welcome();
	say("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"fetch/request\","
	    "\"params\":{\"url\":\"http://a/\",\"headers\":{\"B\":\"c\"}}}");
	m = hear(RPC_FETCH);
	cr_assert(eq(int, rpc_fetch_decode(m.body, m.size, &asked, &err), 0), "%s", err.text);
	cr_assert(eq(str, asked.what.headers[1], "c"));
	cr_assert(eq(int, cordon_fd_write_all(page, text, strlen(text)), 0));
	cr_assert(eq(int, fcntl(page, F_ADD_SEALS, seals), 0));
	r.steps[0] =
		(struct cordon_fetch_step){ .url = (char *)"http://a/", .port = 80, .status = 200 };
	cordon_writer_init(&w, CORDON_LINK_BODY);
	rpc_fetched_encode(asked.request, &r, &w);
	rpc_fetch_finish(&asked);
	cordon_message_finish(&m);
	tell(RPC_FETCHED, &w, &page, 1);
	close(page);
}

#define SEALS (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK)

Test(rpc_process, a_page_is_read_where_it_is_sealed)
{
	const char *text = "";
	json_t *json;

	fetch("page", SEALS, 4);
	json = answer();
	cr_expect(eq(int, json_unpack(json, "{s:{s:{s:s}}}", "result", "body", "text", &text), 0));
	cr_expect(eq(str, (char *)text, "page"));
	json_decref(json);
}

Test(rpc_process, a_page_that_could_change_ends_it)
{
	struct pollfd gone = { .fd = pidfd, .events = POLLIN };

	fetch("page", F_SEAL_GROW | F_SEAL_SHRINK, 4);
	cr_expect(eq(int, poll(&gone, 1, 10000), 1));
}

Test(rpc_process, a_page_of_another_size_ends_it)
{
	struct pollfd gone = { .fd = pidfd, .events = POLLIN };

	fetch("page", SEALS, 5);
	cr_expect(eq(int, poll(&gone, 1, 10000), 1));
}
