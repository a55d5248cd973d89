/* Any text: an error has its place and is one printable line; what parses compiles to a filter that the
 * kernel takes and the proof accepts; and what loads is shown as a profile that loads to the same
 * digest. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cordon/bpf.h>

#include "layer.h"
#include "network_hosts.h"
#include "network_judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_error(const struct cordon_error *err)
{
	for (const char *p = err->text; *p != '\0'; p++)
		if (*p < 0x20 || *p > 0x7e)
			abort();
}

static void
check_rules(const struct rules *rules)
{
	struct cordon_error err = { 0 };
	struct sock_filter *filter = NULL;
	size_t count = 0;

	if (rules_compile(rules, &filter, &count, &err) == 0) {
		if (cordon_bpf_check(filter, count) < 0)
			abort();
		if (rules_verify(rules, filter, count, &err) < 0 && err.code != CORDON_ELIMIT)
			abort();
	}
	free(filter);
}

/* Loads a text by a file that has no name. */
static struct cordon_profile *
load(const void *text, size_t size)
{
	const struct cordon_profile_places places = { .home = "/home/x",
		.read_host = network_read_host };
	struct cordon_error err = { 0 };
	struct cordon_profile *profile;
	char path[64];
	const int fd = memfd_create("profile", MFD_CLOEXEC);

	if (fd < 0 || fchmod(fd, 0600) < 0 || write(fd, text, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	profile = cordon_profile_load(&places, path, &err);
	close(fd);
	if (profile == NULL)
		check_error(&err);
	return profile;
}

/* A text that names files would have them read. */
static int
extends_files(const struct layer *layer)
{
	for (size_t i = 0; i < layer->parents.count; i++)
		if (strchr(layer->parents.items[i], '/') != NULL ||
			strchr(layer->parents.items[i], '.') != NULL)
			return 1;
	return 0;
}

/* A command made of the words of a pattern fits it, and with one word more only an open one. */
static void
check_pattern(const struct cordon_pattern *pattern)
{
	char *words[CORDON_PATTERN_WORDS + 1];
	struct cordon_program program;
	struct cordon_words tail;

	if (pattern->count == 0 || pattern->count > CORDON_PATTERN_WORDS)
		abort();
	for (size_t i = 0; i < pattern->count; i++)
		words[i] = pattern->words[i].count == 0 ? "x" : pattern->words[i].texts[0];
	words[pattern->count] = "x";
	program = cordon_program(words[0]);
	cordon_words_init(&tail, NULL, 0, words + 1, pattern->count - 1);
	if (!cordon_pattern_fits_program(pattern, &program) ||
		!cordon_pattern_fits_argv0(pattern, &program) ||
		!cordon_pattern_fits_words(pattern, &tail))
		abort();
	cordon_words_init(&tail, NULL, 0, words + 1, pattern->count);
	if (cordon_pattern_fits_words(pattern, &tail) != (pattern->open != 0))
		abort();
}

/* A command that fits a rule and has what it marks at its end: that is found, the name of the program never. */
static void
check_secrets(const struct cordon_approvals *approvals, const struct cordon_exec_rule *rule)
{
	char *argv[CORDON_PATTERN_WORDS + 2];
	const size_t count = rule->pattern.count;
	uint64_t bits[CORDON_SECRET_BITS(CORDON_PATTERN_WORDS + 2)];
	struct cordon_command c = { .has_argv0 = 1 };

	for (size_t i = 0; i < count; i++)
		argv[i] = rule->pattern.words[i].count == 0 ? "x" : rule->pattern.words[i].texts[0];
	c.files[0] = c.files[1] = c.argv0 = cordon_program(argv[0]);
	for (size_t i = 0; i < rule->secret_count && rule->pattern.open; i++) {
		const struct cordon_secret *s = &rule->secrets[i];
		const size_t last = count + (s->after ? 1 : 0);

		argv[count] = s->kind == CORDON_WORD_ANY ? "x" : s->text;
		argv[count + 1] = "x";
		cordon_words_init(&c.words, NULL, 0, argv + 1, last);
		if (cordon_secrets_find(approvals, &c, 1, bits) == 0 || (bits[0] & 1) != 0 ||
			(bits[last / 64] >> last % 64 & 1) == 0)
			abort();
	}
	cordon_words_init(&c.words, NULL, 0, argv + 1, count - 1);
	if (cordon_secrets_find(approvals, &c, 1, bits) > count - 1 || (bits[0] & 1) != 0)
		abort();
}

/* What "refuse" lists is refused; what is allowed is listed, or public by default. */
static void
check_network(const struct cordon_network *network)
{
	struct cordon_error err = { 0 };
	struct network_policy *policy = network_policy_create(network, &err);

	if (policy == NULL)
		abort();
	for (size_t i = 0; i < network->allow_count + network->refuse_count; i++) {
		const int is_refused = i >= network->allow_count;
		const struct cordon_network_entry *e =
			is_refused ? &network->refuse[i - network->allow_count]
				   : &network->allow[i];
		struct cordon_endpoint to = { .port = e->port_count == 0 ? 1 : e->ports[0] };
		struct network_verdict v;

		if (e->kind == CORDON_NETWORK_BELOW ||
			cordon_host_parse(e->host, strlen(e->host), &to.host, &err) < 0)
			continue;
		v = network_judge(policy, &to, NULL, 0);
		if (is_refused ? v.verdict != CORDON_REFUSE
			       : (v.verdict != CORDON_ALLOW && v.list != NETWORK_BY_REFUSE))
			abort();
	}
	network_policy_destroy(policy);
}

static void
check_show(const uint8_t *data, size_t size)
{
	struct cordon_profile *profile = load(data, size), *again;
	char *text;

	if (profile == NULL)
		return;
	if (cordon_bpf_check(profile->filter, profile->filter_count) < 0)
		abort();
	check_network(&profile->network);
	text = cordon_profile_show(profile);
	if (text == NULL)
		abort();
	again = load(text, strlen(text));
	if (again == NULL || memcmp(profile->digest, again->digest, sizeof(profile->digest)) != 0)
		abort();
	free(text);
	cordon_profile_destroy(again);
	cordon_profile_destroy(profile);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct cordon_profile_places places = { .home = "/home/x",
		.read_host = network_read_host };
	struct cordon_error err = { 0 };
	struct layer layer;
	int files;

	if (layer_parse((const char *)data, size, "fuzz.json", &places, &layer, &err) < 0) {
		if (strncmp(err.text, "fuzz.json:", 10) != 0)
			abort();
		check_error(&err);
		return 0;
	}
	check_rules(&layer.rules);
	for (size_t i = 0; i < layer.values.approvals.count; i++)
		check_pattern(&layer.values.approvals.rules[i].pattern);
	for (size_t i = 0; i < layer.values.approvals.count; i++)
		check_secrets(&layer.values.approvals, &layer.values.approvals.rules[i]);
	files = extends_files(&layer);
	layer_finish(&layer);
	if (!files)
		check_show(data, size);
	return 0;
}
