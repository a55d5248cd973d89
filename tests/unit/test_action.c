/* A21: the action record is complete and canonical. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/action.h>
#include <cordon/mem.h>

static struct cordon_error err;
static const struct cordon_action_key key = { .bytes = { 1, 2, 3 } };

static char **
words(const char *const *list)
{
	size_t count = 0;
	char **copy;

	while (list[count] != NULL)
		count++;
	copy = calloc(count + 1, sizeof(*copy));
	for (size_t i = 0; i < count; i++)
		copy[i] = strdup(list[i]);
	return copy;
}

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

static struct cordon_action
make_action(void)
{
	char *const env[] = { "PATH=/usr/bin", "EMPTY=", "A=b=c", NULL };
	struct cordon_action a = { .kind = CORDON_ACTION_EXEC,
		.caller = strdup("uid 1000"),
		.session = strdup("main:cli:u"),
		.profile = strdup("build"),
		.profile_digest = { 1 },
		.plan_digest = { 2 },
		.argv = words(LIST("./x.py", "-v", "")),
		.cwd = strdup("/w/sub"),
		.cwd_identity = { 3, 4 },
		.workspace = strdup("/w"),
		.workspace_identity = { 3, 5 },
		.executable = { .path = strdup("/usr/bin/python3"),
			.real = strdup("/usr/bin/python3.11"),
			.identity = { 6, 7 },
			.size = 8,
			.owner = 0,
			.mode = 0755 },
		.has_script = 1,
		.script = { .path = strdup("/w/x.py"),
			.real = strdup("/w/x.py"),
			.identity = { 3, 9 },
			.size = 10,
			.owner = 1000,
			.mode = 0775,
			.has_digest = 1,
			.digest = { 11 } },
		.script_argument = strdup("-E"),
		.streams = { CORDON_STREAM_PIPE, CORDON_STREAM_PIPE, CORDON_STREAM_NULL },
		.umask = 022,
		.limits = { .memory = 1,
			.processes = 2,
			.wall_ms = 3,
			.cpu_ms = 4,
			.output = UINT64_MAX,
			.open_files = 6,
			.file_size = 7,
			.memory_enforced = 0 } };

	cr_assert(cordon_action_set_environment(&a, env, &key, &err) == 0, "%s", err.text);
	return a;
}

static struct cordon_writer
encode(const struct cordon_action *a)
{
	struct cordon_writer w;

	cordon_writer_init(&w, CORDON_ACTION_MAX);
	cr_assert(cordon_action_encode(a, &w, &err) == 0, "%s", err.text);
	return w;
}

static void
digest_of(const struct cordon_action *a, uint8_t out[CORDON_DIGEST_SIZE])
{
	struct cordon_writer w = encode(a);

	cr_assert(cordon_action_digest(w.data, w.size, out, &err) == 0);
	cordon_writer_finish(&w);
}

static void
set(char **field, const char *text)
{
	free(*field);
	*field = text == NULL ? NULL : strdup(text);
}

/* clang-format off */
/* One change of one part each. Returns 0 where there is none of this number. */
static int
change(struct cordon_action *a, int which)
{
	switch (which) {
	case 0: return set(&a->caller, "uid 1001"), 1;
	case 1: return set(&a->session, NULL), 1;
	case 2: return set(&a->session, "main:cli:v"), 1;
	case 3: return set(&a->profile, "default"), 1;
	case 4: return a->profile_digest[31]++, 1;
	case 5: return a->plan_digest[31]++, 1;
	case 6: return set(&a->argv[0], "x.py"), 1;
	case 7: return set(&a->argv[2], "x"), 1;
	case 8: return set(&a->argv[2], NULL), 1; /* one word less, which was empty */
	case 9: return set(&a->argv[1], "-v\xff"), 1;
	case 10: return set(&a->cwd, "/w"), 1;
	case 11: return a->cwd_identity.dev++, 1;
	case 12: return a->cwd_identity.ino++, 1;
	case 13: return set(&a->workspace, "/v"), 1;
	case 14: return a->workspace_identity.dev++, 1;
	case 15: return a->workspace_identity.ino++, 1;
	case 16:
		set(&a->workspace, NULL);
		return memset(&a->workspace_identity, 0, sizeof(a->workspace_identity)), 1;
	case 17: return set(&a->executable.path, "/usr/bin/python"), 1;
	case 18: return set(&a->executable.real, "/usr/bin/python3.12"), 1;
	case 19: return a->executable.identity.dev++, 1;
	case 20: return a->executable.identity.ino++, 1;
	case 21: return a->executable.size++, 1;
	case 22: return a->executable.owner++, 1;
	case 23: return a->executable.mode ^= 02, 1;
	case 24: return a->executable.has_digest = 1, 1; /* of zeros: not the same as none */
	case 25: return a->script.digest[0]++, 1;
	case 26: return a->script.has_digest = 0, 1;
	case 27: return set(&a->script.path, "/w/y.py"), 1;
	case 28: return set(&a->script.real, "/w/y.py"), 1;
	case 29: return a->script.identity.ino++, 1;
	case 30: return a->script.size++, 1;
	case 31: return a->script.owner++, 1;
	case 32: return a->script.mode ^= 020, 1;
	case 33: return set(&a->script_argument, NULL), 1;
	case 34: return set(&a->script_argument, ""), 1;
	case 35: return set(&a->variables[0].name, "PATHS"), 1;
	case 36: return a->variables[0].value[0]++, 1;
	case 37: return free(a->variables[--a->variable_count].name), 1;
	case 38: { /* another order */
		const struct cordon_action_variable v = a->variables[0];

		a->variables[0] = a->variables[1];
		return a->variables[1] = v, 1;
	}
	case 39: return a->streams[0] = CORDON_STREAM_NULL, 1;
	case 40: return a->streams[2] = CORDON_STREAM_PIPE, 1;
	case 41: return a->streams[1] = CORDON_STREAM_PTY, a->tty = 1, 1;
	case 42: return a->streams[2] = CORDON_STREAM_PTY, a->tty = 1, 1;
	case 43: return a->umask = 027, 1;
	case 44: return a->limits.memory++, 1;
	case 45: return a->limits.processes++, 1;
	case 46: return a->limits.wall_ms++, 1;
	case 47: return a->limits.cpu_ms++, 1;
	case 48: return a->limits.output = 5, 1;
	case 49: return a->limits.open_files++, 1;
	case 50: return a->limits.file_size++, 1;
	case 51: return a->limits.memory_enforced = 1, 1;
	case 52: /* the interpreter by itself */
		free(a->script.path);
		free(a->script.real);
		a->script = (struct cordon_action_file){ 0 };
		set(&a->script_argument, NULL);
		return a->has_script = 0, 1;
	default: return 0;
	}
}
/* clang-format on */

/* Each change of each part, and all of them among each other. */
Test(action, a21_any_change_of_any_part_is_another_digest)
{
	uint8_t digests[80][CORDON_DIGEST_SIZE];
	int count = 0;

	for (int i = -1;; i++) {
		struct cordon_action a = make_action();
		const int more = i < 0 || change(&a, i);

		if (more)
			digest_of(&a, digests[count++]);
		cordon_action_finish(&a);
		if (!more)
			break;
	}
	cr_assert(count == 54, "%d", count);
	for (int i = 0; i < count; i++)
		for (int k = 0; k < i; k++)
			cr_expect(memcmp(digests[i], digests[k], CORDON_DIGEST_SIZE) != 0,
				"changes %d and %d look alike", k - 1, i - 1);
}

Test(action, what_is_decoded_encodes_to_the_same_bytes)
{
	for (int i = -1;; i++) {
		struct cordon_action a = make_action(), back;
		struct cordon_writer first, second;

		if (i >= 0 && !change(&a, i)) {
			cordon_action_finish(&a);
			break;
		}
		first = encode(&a);
		cr_assert(cordon_action_decode(first.data, first.size, &back, &err) == 0, "%d: %s",
			i, err.text);
		second = encode(&back);

		cr_expect(first.size == second.size &&
			  memcmp(first.data, second.data, first.size) == 0);
		cordon_writer_finish(&first);
		cordon_writer_finish(&second);
		cordon_action_finish(&a);
		cordon_action_finish(&back);
	}
}

/* The same bytes, cut at other places: between words, between fields, between names. */
Test(action, a21_where_one_part_ends_and_the_next_begins_counts)
{
	const char *const *const argvs[] = {
		LIST("ab", "c"),
		LIST("a", "bc"),
		LIST("abc"),
		LIST("abc", ""),
		LIST("", "abc"),
		LIST("a", "b", "c"),
		LIST("ab c"),
		LIST("ab\nc"),
	};
	uint8_t digests[32][CORDON_DIGEST_SIZE];
	int count = 0;

	for (size_t i = 0; i < sizeof(argvs) / sizeof(argvs[0]); i++) {
		struct cordon_action a = make_action();

		cordon_vector_free(a.argv);
		a.argv = words(argvs[i]);
		digest_of(&a, digests[count++]);
		cordon_action_finish(&a);
	}
	/* A word moves out of argv into the argument of the script's first line, or into the directory. */
	for (int i = 0; i < 3; i++) {
		struct cordon_action a = make_action();

		set(&a.argv[2], NULL);
		if (i == 0)
			set(&a.argv[1], NULL);
		set(&a.script_argument, i == 0 ? "-v" : i == 1 ? "" : NULL);
		digest_of(&a, digests[count++]);
		cordon_action_finish(&a);
	}
	/* A path moves from the session's end to the caller's, and from one file to another. */
	for (int i = 0; i < 4; i++) {
		struct cordon_action a = make_action();

		set(&a.caller, i == 0 ? "ab" : "a");
		set(&a.session, i == 0 ? "c" : "bc");
		set(&a.executable.path, i == 2 ? "/a/b" : "/a");
		set(&a.executable.real, i == 3 ? "/a/b" : "/b");
		digest_of(&a, digests[count++]);
		cordon_action_finish(&a);
	}
	for (int i = 0; i < count; i++)
		for (int k = 0; k < i; k++)
			cr_expect(memcmp(digests[i], digests[k], CORDON_DIGEST_SIZE) != 0, "%d %d",
				k, i);
}

Test(action, the_digest_is_not_the_plain_one_of_the_bytes)
{
	struct cordon_action a = make_action();
	struct cordon_writer w = encode(&a);
	uint8_t plain[CORDON_DIGEST_SIZE], ours[CORDON_DIGEST_SIZE];

	cr_assert(cordon_digest_of(w.data, w.size, plain, &err) == 0);
	cr_assert(cordon_action_digest(w.data, w.size, ours, &err) == 0);
	cr_expect(memcmp(plain, ours, sizeof(plain)) != 0);
	cordon_writer_finish(&w);
	cordon_action_finish(&a);
}

static void
set_env(struct cordon_action *a, char *const *env, const struct cordon_action_key *with)
{
	memset(a, 0, sizeof(*a));
	cr_assert(cordon_action_set_environment(a, env, with, &err) == 0, "%s", err.text);
}

/* Whoever has a record can try all values of four digits, but not without the key. */
Test(action, a21_values_are_keyed_and_in_no_record)
{
	char *const env[] = { "PIN=4711", "OTHER=4711", NULL };
	const struct cordon_action_key other = { .bytes = { 1, 2, 4 } };
	struct cordon_action a, b, whole = make_action();
	uint8_t plain[CORDON_DIGEST_SIZE];
	struct cordon_writer w = encode(&whole);

	set_env(&a, env, &key);
	set_env(&b, env, &other);
	cr_expect(memcmp(a.variables[0].value, b.variables[0].value, CORDON_DIGEST_SIZE) != 0);
	cr_expect(memcmp(a.variables[0].value, a.variables[1].value, CORDON_DIGEST_SIZE) != 0,
		"equal values under two names do not show");
	cr_assert(cordon_digest_of(env[0], strlen(env[0]), plain, &err) == 0);
	cr_expect(memcmp(a.variables[0].value, plain, sizeof(plain)) != 0);
	cr_expect(memmem(w.data, w.size, "b=c", 3) == NULL);
	cordon_writer_finish(&w);
	cordon_action_finish(&a);
	cordon_action_finish(&b);
	cordon_action_finish(&whole);
}

Test(action, keys_differ)
{
	struct cordon_action_key one = { 0 }, two = { 0 };

	cr_assert(cordon_action_make_key(&one, &err) == 0);
	cr_assert(cordon_action_make_key(&two, &err) == 0);
	cr_expect(memcmp(&one, &two, sizeof(one)) != 0);
}

Test(action, a21_an_environment_is_pairs_with_each_name_once)
{
	char *const *const wrong[] = {
		(char *const[]){ "A=1", "B=2", "A=1", NULL },
		(char *const[]){ "A=1", "A=2", NULL },
		(char *const[]){ "A", NULL },
		(char *const[]){ "", NULL },
		(char *const[]){ "=x", NULL },
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct cordon_action a = { 0 };

		memset(&err, 0, sizeof(err));
		cr_expect(cordon_action_set_environment(&a, wrong[i], &key, &err) == -1, "%zu", i);
		cr_expect(err.code == CORDON_EINPUT);
		cr_expect_str_eq(err.reason, "input.invalid");
		cordon_action_finish(&a);
	}
}

/* clang-format off */
/* What is no action is neither written nor read. */
static void
spoil(struct cordon_action *a, int which)
{
	switch (which) {
	case 0: a->kind = 0; break;
	case 1: a->kind = 2; break;
	case 2: set(&a->caller, ""); break;
	case 3: set(&a->session, ""); break;
	case 4: set(&a->profile, NULL); break;
	case 5:
		for (int i = 0; i < 3; i++)
			set(&a->argv[i], NULL);
		break;
	case 6: set(&a->cwd, "w"); break;
	case 7: set(&a->workspace, "w"); break;
	case 8: set(&a->workspace, NULL); break; /* with an identity left */
	case 9: set(&a->executable.path, "python3"); break;
	case 10: set(&a->executable.real, ""); break;
	case 11: a->executable.mode = 010000; break;
	case 12: set(&a->script.path, NULL); break;
	case 13: a->has_script = 2; break;
	case 14: a->has_script = 0; break; /* with an argument left */
	case 15: set(&a->variables[1].name, "PATH"); break;
	case 16: set(&a->variables[1].name, ""); break;
	case 17: set(&a->variables[1].name, "A=B"); break;
	case 18: a->streams[1] = 0; break;
	case 19: a->streams[1] = 4; break;
	case 20: a->tty = 1; break; /* without a stream that is one */
	case 21: a->streams[1] = CORDON_STREAM_PTY; break;
	case 22: a->umask = 01000; break;
	case 23: a->limits.memory_enforced = 2; break;
	default: break;
	}
}
/* clang-format on */

Test(action, what_is_no_action_is_not_written)
{
	for (int i = 0; i < 24; i++) {
		struct cordon_action a = make_action();
		struct cordon_writer w;

		spoil(&a, i);
		cordon_writer_init(&w, CORDON_ACTION_MAX);
		memset(&err, 0, sizeof(err));
		cr_expect(cordon_action_encode(&a, &w, &err) == -1, "%d", i);
		cr_expect_str_eq(err.reason, "input.invalid");
		cordon_writer_finish(&w);
		cordon_action_finish(&a);
	}
}

Test(action, every_byte_of_a_record_counts)
{
	struct cordon_action a = make_action(), back;
	struct cordon_writer w = encode(&a), again;
	uint8_t *copy = malloc(w.size + 1);

	memcpy(copy, w.data, w.size);
	copy[w.size] = 0;
	cr_expect(cordon_action_decode(copy, w.size + 1, &back, &err) == -1, "one byte more");
	for (size_t i = 0; i < w.size; i++) {
		uint8_t *cut = malloc(i + 1);

		memcpy(cut, w.data, i);
		cr_expect(cordon_action_decode(cut, i, &back, &err) == -1, "%zu of %zu bytes", i,
			w.size);
		free(cut);
		/* Another byte is no record, or the record of another action. */
		copy[i] ^= 1;
		if (cordon_action_decode(copy, w.size, &back, &err) == 0) {
			again = encode(&back);
			cr_expect(again.size == w.size && memcmp(again.data, copy, w.size) == 0,
				"byte %zu", i);
			cordon_writer_finish(&again);
			cordon_action_finish(&back);
		}
		copy[i] ^= 1;
	}
	free(copy);
	cordon_writer_finish(&w);
	cordon_action_finish(&a);
}

Test(action, a_long_command_is_recorded_whole_and_a_longer_one_refused)
{
	struct cordon_action a = make_action(), back;
	struct cordon_writer w;
	char *word = malloc(CORDON_ACTION_WORD + 1);

	memset(word, 'x', CORDON_ACTION_WORD);
	word[CORDON_ACTION_WORD - 1] = '\0';
	set(&a.argv[1], word);
	w = encode(&a);
	cr_assert(cordon_action_decode(w.data, w.size, &back, &err) == 0);
	cr_expect_str_eq(back.argv[1], word);
	cordon_writer_finish(&w);
	cordon_action_finish(&back);

	word[CORDON_ACTION_WORD - 1] = 'x';
	word[CORDON_ACTION_WORD] = '\0';
	set(&a.argv[1], word);
	cordon_writer_init(&w, CORDON_ACTION_MAX);
	cr_expect(cordon_action_encode(&a, &w, &err) == -1);
	cordon_writer_finish(&w);
	cordon_action_finish(&a);
	free(word);
}
