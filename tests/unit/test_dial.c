/* The relay's end of the dialer's link, with the other end in our hands: what a dialer may say, and a lying one. How it
 * works with a real one is in tests/system/resolve. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cordon/link.h>
#include <cordon/wire.h>

#include "dial.h"

static struct cordon_loop *loop;
static struct dial *dial;
static int ours, its;
static struct cordon_error err;

static struct {
	unsigned count, lost;
	int fd, sys;
	enum cordon_dial_why why;
} got;

static void
answered(void *context, int fd, enum cordon_dial_why why, int sys)
{
	(void)context;
	got.count++;
	got.fd = fd;
	got.why = why;
	got.sys = sys;
}

static void
lost(void *context, const struct cordon_error *why)
{
	(void)context;
	(void)why;
	got.lost++;
	cordon_loop_stop(loop);
}

static void
begin(void)
{
	int ends[2];

	cr_assert(eq(int, cordon_link_pair(ends, &err), 0));
	ours = ends[0];
	its = ends[1];
	loop = cordon_loop_create(&err);
	dial = dial_create(loop, its, lost, NULL, &err);
	cr_assert(ne(ptr, dial, NULL));
	memset(&got, 0, sizeof(got));
	got.fd = -1;
}

static void
end(void)
{
	dial_destroy(dial);
	cordon_loop_destroy(loop);
	(void)close(ours);
	(void)close(its);
}

TestSuite(dial, .init = begin, .fini = end, .timeout = 30);

static void
stop(void *context)
{
	(void)context;
	cordon_loop_stop(loop);
}

static void
work(unsigned ms)
{
	struct cordon_timer *timer = cordon_loop_timer(loop, ms, 0, stop, NULL, &err);

	cr_assert(eq(int, cordon_loop_run(loop, &err), 0));
	cordon_timer_remove(timer);
}

/* What the relay has said next, which is one of its messages. Returns its number, 0: nothing. */
static uint16_t
hear(struct cordon_dial_word *word)
{
	struct cordon_message m = { 0 };
	uint16_t number = 0;

	(void)fcntl(ours, F_SETFL, O_NONBLOCK);
	if (cordon_link_receive(ours, &m, &err) == 1) {
		number = m.number;
		cr_assert(eq(int, cordon_dial_decode_word(number, m.body, m.size, word, &err), 0));
	}
	cordon_message_finish(&m);
	return number;
}

static void
say(uint16_t message, struct cordon_dial_word word, int fd)
{
	struct cordon_writer w;

	cordon_writer_init(&w, 64);
	cordon_dial_encode_word(message, &word, &w);
	cr_assert(eq(int, cordon_link_send(ours, message, w.data, w.size, &fd, fd >= 0, &err), 0));
	cordon_writer_finish(&w);
}

/* The end of a pipe whose other end tells when it is closed. */
static int
some_fd(int *ret_other)
{
	int ends[2];

	cr_assert(eq(int, pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0));
	*ret_other = ends[0];
	return ends[1];
}

static int
is_closed(int other)
{
	char byte;

	return read(other, &byte, 1) == 0;
}

Test(dial, asks_and_gets_the_socket)
{
	struct cordon_dial_word word = { 0 };
	int other, fd = some_fd(&other);

	cr_assert(ne(ptr, dial_begin(dial, 77, 5, answered, NULL, &err), NULL));
	cr_assert(eq(int, hear(&word), CORDON_DIAL_DIAL));
	cr_assert(eq(u64, word.grant, 77));
	cr_assert(eq(u8, word.at, 5));
	say(CORDON_DIAL_CONNECTED, word, fd);
	(void)close(fd);
	work(20);
	cr_assert(eq(uint, got.count, 1));
	cr_assert(eq(int, (int)got.why, CORDON_DIAL_FINE));
	cr_assert(ge(int, got.fd, 0));
	cr_assert(not(is_closed(other)));
	(void)close(got.fd);
	cr_assert(is_closed(other));
	(void)close(other);
}

Test(dial, hears_why_not)
{
	struct cordon_dial_word word = { 0 };

	(void)!dial_begin(dial, 77, 0, answered, NULL, &err);
	(void)hear(&word);
	word.why = CORDON_DIAL_FAILED;
	word.sys = ECONNREFUSED;
	say(CORDON_DIAL_UNCONNECTED, word, -1);
	work(20);
	cr_assert(eq(uint, got.count, 1));
	cr_assert(eq(int, got.fd, -1));
	cr_assert(eq(int, got.sys, ECONNREFUSED));
	cr_assert(eq(uint, got.lost, 0));
}

Test(dial, a_cancelled_call_is_hung_up_and_its_socket_closed)
{
	struct cordon_dial_word word = { 0 }, hang_up = { 0 };
	int other, fd = some_fd(&other);

	dial_cancel(dial_begin(dial, 77, 0, answered, NULL, &err));
	cr_assert(eq(int, hear(&word), CORDON_DIAL_DIAL));
	cr_assert(eq(int, hear(&hang_up), CORDON_DIAL_HANG_UP));
	cr_assert(eq(u64, hang_up.id, word.id));
	say(CORDON_DIAL_CONNECTED, word, fd);
	(void)close(fd);
	work(20);
	cr_assert(eq(uint, got.count, 0));
	cr_assert(is_closed(other));
	(void)close(other);
}

Test(dial, calls_are_bounded_and_the_cancelled_count_until_they_are_answered)
{
	struct cordon_dial_word word = { 0 };
	struct dial_call *call = NULL;

	for (unsigned i = 0; i < DIAL_CALLS; i++) {
		call = dial_begin(dial, 1, 0, answered, NULL, &err);
		cr_assert(ne(ptr, call, NULL));
		if (i == 0)
			(void)hear(&word);
	}
	cr_assert(eq(ptr, dial_begin(dial, 1, 0, answered, NULL, &err), NULL));
	cr_assert(eq(int, (int)err.code, CORDON_ELIMIT));
	word.why = CORDON_DIAL_FULL;
	say(CORDON_DIAL_UNCONNECTED, word, -1);
	work(20);
	cr_assert(ne(ptr, dial_begin(dial, 1, 0, answered, NULL, &err), NULL));
}

Test(dial, what_the_link_does_not_take_yet_is_said_later_and_in_order)
{
	struct cordon_dial_word word = { 0 };
	unsigned heard = 0;
	uint64_t last = 0;

	for (unsigned i = 0; i < DIAL_CALLS; i++)
		cr_assert(ne(ptr, dial_begin(dial, i, 0, answered, NULL, &err), NULL));
	for (unsigned turns = 0; turns < 100 && heard < DIAL_CALLS; turns++) {
		while (hear(&word) == CORDON_DIAL_DIAL) {
			cr_assert(gt(u64, word.id, last));
			cr_assert(eq(u64, word.grant, heard));
			last = word.id;
			heard++;
		}
		work(5);
	}
	cr_assert(eq(uint, heard, DIAL_CALLS));
}

static void
expect_lost(void)
{
	work(200);
	cr_assert(eq(uint, got.lost, 1));
	cr_assert(eq(uint, got.count, 1), "the call that was live");
	cr_assert(eq(int, got.fd, -1));
	cr_assert(eq(int, (int)got.why, CORDON_DIAL_FAILED));
	cr_assert(eq(ptr, dial_begin(dial, 1, 0, answered, NULL, &err), NULL));
}

Test(dial, a_dialer_that_goes_answers_all_calls)
{
	(void)!dial_begin(dial, 1, 0, answered, NULL, &err);
	(void)shutdown(ours, SHUT_RDWR);
	expect_lost();
}

Test(dial, a_dialer_that_answers_what_was_not_asked_is_lost)
{
	(void)!dial_begin(dial, 1, 0, answered, NULL, &err);
	say(CORDON_DIAL_UNCONNECTED, (struct cordon_dial_word){ .id = 99, .why = CORDON_DIAL_FULL },
		-1);
	expect_lost();
}

Test(dial, a_dialer_that_says_connected_without_a_socket_is_lost)
{
	struct cordon_dial_word word = { 0 };

	(void)!dial_begin(dial, 1, 0, answered, NULL, &err);
	(void)hear(&word);
	say(CORDON_DIAL_CONNECTED, word, -1);
	expect_lost();
}

Test(dial, a_dialer_that_sends_a_descriptor_with_a_refusal_is_lost_and_it_is_closed)
{
	struct cordon_dial_word word = { 0 };
	int other, fd = some_fd(&other);

	(void)!dial_begin(dial, 1, 0, answered, NULL, &err);
	(void)hear(&word);
	word.why = CORDON_DIAL_FULL;
	say(CORDON_DIAL_UNCONNECTED, word, fd);
	(void)close(fd);
	expect_lost();
	cr_assert(is_closed(other));
	(void)close(other);
}

Test(dial, a_dialer_that_speaks_as_to_a_monitor_is_lost)
{
	(void)!dial_begin(dial, 1, 0, answered, NULL, &err);
	say(CORDON_DIAL_GRANTED, (struct cordon_dial_word){ .id = 1 }, -1);
	expect_lost();
}

Test(dial, a_race_of_no_address_is_none)
{
	const struct dial_set none = { .grant = 1 };

	cr_assert(eq(ptr, dial_race_begin(dial, loop, &none, answered, NULL, &err), NULL));
}

Test(dial, a_race_ends_when_the_dialer_goes)
{
	const struct dial_set set = { .grant = 1,
		.addresses = { { .family = 4 }, { .family = 6 }, { .family = 4 } },
		.count = 3 };

	cr_assert(ne(ptr, dial_race_begin(dial, loop, &set, answered, NULL, &err), NULL));
	(void)shutdown(ours, SHUT_RDWR);
	expect_lost();
}

Test(dial, a_cancelled_race_hangs_up_what_it_has_begun)
{
	const struct dial_set set = { .grant = 1,
		.addresses = { { .family = 4 }, { .family = 6 }, { .family = 4 } },
		.count = 3 };
	struct dial_race *race = dial_race_begin(dial, loop, &set, answered, NULL, &err);
	struct cordon_dial_word word = { 0 };
	unsigned dials = 0, hang_ups = 0;
	uint16_t number;

	work(DIAL_STAGGER_MS + 100);
	dial_race_cancel(race);
	while ((number = hear(&word)) != 0) {
		dials += number == CORDON_DIAL_DIAL;
		hang_ups += number == CORDON_DIAL_HANG_UP;
	}
	cr_assert(eq(uint, dials, 2), "one at once, one after the stagger");
	cr_assert(eq(uint, hang_ups, 2));
	work(DIAL_STAGGER_MS + 50);
	cr_assert(eq(int, hear(&word), 0));
	cr_assert(eq(uint, got.count, 0));
}
