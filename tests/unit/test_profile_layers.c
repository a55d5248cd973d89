/* Layers: a child narrows freely and widens only what it says it widens. */
#include <criterion/criterion.h>

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cordon/profile.h>

static char directory[] = "/tmp/cordon-layers-XXXXXX";
static struct cordon_profile_places places;
static struct cordon_error err;

static void
make_directory(void)
{
	strcpy(directory + strlen(directory) - 6, "XXXXXX");
	cr_assert(mkdtemp(directory) != NULL);
	places = (struct cordon_profile_places){ .directories = { directory }, .home = "/home/u" };
	memset(&err, 0, sizeof(err));
}

static void
drop_directory(void)
{
	struct dirent *e;
	DIR *d = opendir(directory);

	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	rmdir(directory);
}

TestSuite(profile_layers, .init = make_directory, .fini = drop_directory, .timeout = 30);

/* Writes a profile; rest is what follows the version. */
static void
put(const char *name, const char *rest)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.json", directory, name);
	f = fopen(path, "w");
	cr_assert(f != NULL);
	fprintf(f, "{\"cordonProfile\": 1%s%s}", *rest == '\0' ? "" : ",\n ", rest);
	fclose(f);
	chmod(path, 0600);
}

static struct cordon_profile *
load(const char *name)
{
	struct cordon_profile *p = cordon_profile_load(&places, name, &err);

	cr_assert(p != NULL, "%s", err.text);
	return p;
}

/* The error without the directory in front of it. */
static const char *
refusal(const char *name)
{
	struct cordon_profile *p = cordon_profile_load(&places, name, &err);
	const size_t length = strlen(directory);

	cr_assert(p == NULL, "'%s' was accepted", name);
	return strncmp(err.text, directory, length) == 0 ? err.text + length + 1 : err.text;
}

#define BASE                                                                                      \
	"\"extends\": [], \"filesystem\": {\"workspace\": \"read\", \"read\": [\"/usr\", "        \
	"\"/opt\"], "                                                                             \
	"\"write\": [{\"path\": \"/data\", \"exec\": false}], \"tmp\": {\"size\": \"64M\", "      \
	"\"files\": "                                                                             \
	"100, \"exec\": false}}, \"exec\": {\"allow\": [\"/usr\"]}, \"environment\": {\"pass\": " \
	"[\"A\", \"B\"]}, \"limits\": {\"memory\": \"1G\", \"processes\": 10, \"wall\": \"1m\", " \
	"\"cpu\": "                                                                               \
	"\"1m\", \"output\": \"1M\", \"openFiles\": 100, \"fileSize\": \"1M\", "                  \
	"\"memoryEnforced\": true}, "                                                             \
	"\"syscalls\": {\"default\": \"kill\"}"

static const struct {
	const char *key, *rest;
} widenings[] = {
	{ "filesystem.workspace", "\"filesystem\": {\"workspace\": \"write\"}" },
	{ "filesystem.read", "\"filesystem\": {\"read\": [\"/usr/lib\", \"/srv\"]}" },
	{ "filesystem.write", "\"filesystem\": {\"write\": [\"/data/x\", \"/other\"]}" },
	{ "filesystem.write",
		"\"filesystem\": {\"write\": [{\"path\": \"/data/x\", \"exec\": true}]}" },
	{ "filesystem.tmp.size", "\"filesystem\": {\"tmp\": {\"size\": \"65M\"}}" },
	{ "filesystem.tmp.files", "\"filesystem\": {\"tmp\": {\"files\": 101}}" },
	{ "filesystem.tmp.exec", "\"filesystem\": {\"tmp\": {\"exec\": true}}" },
	{ "exec.allow", "\"exec\": {\"allow\": [\"/usr\", \"/opt\"]}" },
	{ "exec.allow", "\"exec\": {\"allow\": [\"/usr\", \"@workspace\"]}" },
	{ "sockets", "\"sockets\": \"inside\"" },
	{ "proc", "\"proc\": \"system\"" },
	{ "environment.pass", "\"environment\": {\"pass\": [\"A\", \"C\"]}" },
	{ "limits.memory", "\"limits\": {\"memory\": \"2G\"}" },
	{ "limits.processes", "\"limits\": {\"processes\": 11}" },
	{ "limits.wall", "\"limits\": {\"wall\": \"61s\"}" },
	{ "limits.cpu", "\"limits\": {\"cpu\": \"61s\"}" },
	{ "limits.output", "\"limits\": {\"output\": \"2M\"}" },
	{ "limits.openFiles", "\"limits\": {\"openFiles\": 101}" },
	{ "limits.fileSize", "\"limits\": {\"fileSize\": \"2M\"}" },
	{ "limits.memoryEnforced", "\"limits\": {\"memoryEnforced\": false}" },
	{ "syscalls.rules",
		"\"syscalls\": {\"rules\": [{\"names\": [\"read\"], \"action\": \"allow\"}]}" },
	{ "syscalls.default", "\"syscalls\": {\"default\": {\"errno\": \"EPERM\"}}" },
};

Test(profile_layers, what_goes_further_needs_widens_by_name_or_by_section)
{
	put("base", BASE);
	for (size_t i = 0; i < sizeof(widenings) / sizeof(widenings[0]); i++) {
		char rest[512], remedy[128], section[64];
		const char *said;

		snprintf(rest, sizeof(rest), "\"extends\": [\"base\"],\n %s", widenings[i].rest);
		put("child", rest);
		said = refusal("child");
		snprintf(remedy, sizeof(remedy), "add \"%s\" to \"widens\"", widenings[i].key);
		cr_expect(
			strncmp(said, "child.json:3:", 13) == 0, "%s: %s", widenings[i].key, said);
		cr_expect(strstr(said, remedy) != NULL, "%s: %s", widenings[i].key, said);

		/* Another key does not help, nor one that only begins alike. */
		snprintf(rest, sizeof(rest),
			"\"extends\": [\"base\"], \"widens\": [\"network\", \"approvals\"],\n %s",
			widenings[i].rest);
		put("child", rest);
		(void)refusal("child");

		for (int whole = 0; whole < 2; whole++) {
			snprintf(section, sizeof(section), "%s", widenings[i].key);
			if (whole)
				section[strcspn(section, ".")] = '\0';
			snprintf(rest, sizeof(rest),
				"\"extends\": [\"base\"], \"widens\": [\"%s\"],\n %s", section,
				widenings[i].rest);
			put("child", rest);
			cordon_profile_destroy(load("child"));
		}
	}
}

Test(profile_layers, what_restricts_needs_no_leave)
{
	struct cordon_profile *p;

	put("base", BASE);
	put("child",
		"\"extends\": [\"base\"], \"filesystem\": {\"workspace\": \"none\", \"read\": "
		"[\"/usr/lib\"], \"write\": [\"/data/x\"], \"hide\": [\"**/.env\"], \"protect\": "
		"[\"Makefile\"], \"tmp\": {\"size\": \"1M\", \"files\": 99}}, \"exec\": "
		"{\"allow\": "
		"[\"/usr/bin\"]}, \"environment\": {\"pass\": [\"B\"], \"set\": {\"X\": \"1\"}}, "
		"\"limits\": {\"memory\": \"1M\", \"wall\": 5}, \"syscalls\": {\"rules\": "
		"[{\"names\": "
		"[\"ptrace\"], \"action\": \"kill\"}]}");
	p = load("child");

	cr_expect(p->workspace == CORDON_ACCESS_NONE);
	cr_expect(p->read.count == 1 && strcmp(p->read.items[0], "/usr/lib") == 0);
	cr_expect(p->write_count == 1 && strcmp(p->write[0].path, "/data/x") == 0);
	cr_expect(p->hide.count == 1);
	cr_expect_str_eq(p->protect.items[p->protect.count - 1], "Makefile");
	cr_expect(p->protect.count > 10, "the floor's list is still there");
	cr_expect(p->exec.count == 1 && strcmp(p->exec.items[0], "/usr/bin") == 0);
	cr_expect(p->pass.count == 1 && strcmp(p->pass.items[0], "B") == 0);
	cr_expect_str_eq(p->set.items[0], "X=1");
	cr_expect(p->limits.memory == 1u << 20 && p->limits.wall_ms == 5);
	cr_expect(p->limits.processes == 10, "what is not said stays");
	cordon_profile_destroy(p);
}

Test(profile_layers, a_list_that_widens_is_added_and_one_that_does_not_replaces)
{
	struct cordon_profile *p;

	put("base", BASE);
	put("child",
		"\"extends\": [\"base\"], \"widens\": [\"filesystem\"], \"filesystem\": {\"read\": "
		"[\"/srv\"], \"write\": [\"/other\", {\"path\": \"/data\", \"exec\": true}]}");
	p = load("child");
	cr_expect(p->read.count == 3);
	cr_expect(p->write_count == 2, "a path that is named again counts once");
	cr_expect(p->write[1].exec);
	cordon_profile_destroy(p);
	put("child", "\"extends\": [\"base\"], \"filesystem\": {\"read\": [\"/opt\"]}");
	p = load("child");
	cr_expect(p->read.count == 1);
	cordon_profile_destroy(p);
}

Test(profile_layers, without_extends_it_is_a_layer_on_default)
{
	struct cordon_profile *p;

	put("mine", "");
	p = load("mine");
	cr_expect(p->read.count == 1 && strcmp(p->read.items[0], "/usr") == 0);
	cr_expect_str_eq(p->name, "mine");
	cordon_profile_destroy(p);
	put("bare", "\"extends\": []");
	p = load("bare");
	cr_expect(p->read.count == 0 && p->exec.count == 0 && p->workspace == CORDON_ACCESS_NONE);
	cr_expect(p->limits.processes == 4096, "no profile is without a bound of processes");
	cordon_profile_destroy(p);
}

/* A03: on in every profile with a writable workspace, unless it is given up by name. */
Test(profile_layers, a03_a_profile_on_the_bare_floor_protects_what_starts_code)
{
	struct cordon_profile *p;
	size_t all;

	put("bare", "\"extends\": [], \"filesystem\": {\"workspace\": \"write\", \"protect\": "
		    "[\"x\"]}");
	p = load("bare");
	all = p->protect.count;
	cr_expect(all > 10);
	cr_expect_str_eq(p->protect.items[0], ".git/hooks");
	cordon_profile_destroy(p);
	put("child", "\"extends\": [\"bare\"], \"filesystem\": {\"protect\": []}");
	p = load("child");
	cr_expect(p->protect.count == all, "an empty list takes nothing away");
	cordon_profile_destroy(p);
	put("child", "\"extends\": [\"bare\"], \"widens\": [\"filesystem.protect\"], "
		     "\"filesystem\": {\"protect\": [\".git/hooks\"]}");
	p = load("child");
	cr_expect(p->protect.count == 1);
	cordon_profile_destroy(p);
}

Test(profile_layers, circles_are_named_where_they_close)
{
	put("a", "\"extends\": [\"b\"]");
	put("b", "\"extends\": [\"default\",\n \"a\"]");
	cr_expect_str_eq(refusal("a"), "b.json:3:2: it extends 'a', which extends it in turn");
	put("self", "\"extends\": [\"./self.json\"]");
	(void)refusal("self");
}

Test(profile_layers, depth_is_bounded)
{
	char name[16], rest[64];

	put("p0", "\"extends\": []");
	for (int i = 1; i <= 16; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		snprintf(rest, sizeof(rest), "\"extends\": [\"p%d\"]", i - 1);
		put(name, rest);
	}
	cordon_profile_destroy(load("p15"));
	cr_expect_str_eq(
		refusal("p16"), "p1.json:2:14: profiles extend each other more than 16 deep here");
}

Test(profile_layers, an_unknown_base_is_named_where_it_is_written)
{
	put("a", "\"extends\": [\"default\", \"nowhere\"]");
	cr_expect_str_eq(refusal("a"), "a.json:2:25: it extends 'nowhere', which does not exist");
}

Test(profile_layers, an_unknown_name_lists_what_there_is)
{
	const char *said = refusal("defautl");

	cr_expect(err.code == CORDON_ENOTFOUND);
	cr_expect(strstr(said, "did you mean 'default'?") != NULL, "%s", said);
	cr_expect(strstr(said, "readonly, strict") != NULL, "%s", said);
}

Test(profile_layers, a_file_extends_files_beside_it)
{
	char path[256];
	struct cordon_profile *p;

	put("base", BASE);
	put("child", "\"extends\": [\"./base.json\"]");
	places.directories[0] = NULL;
	snprintf(path, sizeof(path), "%s/child.json", directory);
	p = load(path);
	cr_expect(p->limits.processes == 10);
	cordon_profile_destroy(p);
}

Test(profile_layers, ones_own_default_stands_on_the_librarys)
{
	struct cordon_profile *p;

	put("default", "\"limits\": {\"memory\": \"100M\"}");
	p = load("default");
	cr_expect(p->limits.memory == 100u << 20);
	cr_expect(p->read.count == 1);
	cordon_profile_destroy(p);
	/* And the library's other profiles stand on it. */
	p = load("readonly");
	cr_expect(p->limits.memory == 100u << 20);
	cordon_profile_destroy(p);
}

Test(profile_layers, files_that_others_can_write_are_refused)
{
	char path[256];

	put("open", "\"extends\": []");
	snprintf(path, sizeof(path), "%s/open.json", directory);
	chmod(path, 0666);
	(void)refusal("open");
	cr_expect(err.code == CORDON_EPOLICY);
	cr_expect_str_eq(err.reason, "floor.file_mode");
	/* The library's profile of that name does not step in. */
	snprintf(path, sizeof(path), "%s/strict.json", directory);
	put("strict", "");
	chmod(path, 0622);
	(void)refusal("strict");
	cr_expect_str_eq(err.reason, "floor.file_mode");
	cr_expect(unlink(path) == 0 && mkdir(path, 0700) == 0);
	(void)refusal("strict");
	rmdir(path);
}

/* A15: over a pipe a profile is a name, and files are not looked at. */
Test(profile_layers, a15_builtin_only_looks_at_no_file)
{
	char path[256];

	put("mine", "");
	put("default", "\"limits\": {\"memory\": \"100M\"}");
	snprintf(path, sizeof(path), "%s/mine.json", directory);
	places.builtin_only = 1;
	cr_expect(cordon_profile_load(&places, "mine", &err) == NULL);
	cr_expect(cordon_profile_load(&places, path, &err) == NULL);
	cr_expect(cordon_profile_load(&places, "../floor", &err) == NULL);
	cr_expect(cordon_profile_load(&places, "floor", &err) == NULL);
	struct cordon_profile *p = load("default");
	cr_expect(p->limits.memory == 2ull << 30);
	cordon_profile_destroy(p);
}

static void
write_text(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.json", directory, name);
	f = fopen(path, "w");
	fputs(text, f);
	fclose(f);
	chmod(path, 0600);
}

Test(profile_layers, what_show_prints_loads_to_the_same_digest)
{
	static const char *const names[] = { "default", "readonly", "strict", "build", "python",
		"node", "net-client", "web", "own" };

	put("own", "\"extends\": [\"strict\"], \"widens\": [\"syscalls\", \"filesystem.protect\", "
		   "\"filesystem.write\"], \"filesystem\": {\"protect\": [\"a b/\\u00e9\"], "
		   "\"write\": "
		   "[{\"path\": \"/x\", \"exec\": true}]}, \"environment\": {\"set\": {\"Q\": "
		   "\"a\\\"b\\\\c\\n=\"}}, \"syscalls\": {\"default\": \"kill\", \"rules\": "
		   "[{\"why\": "
		   "\"one\", \"groups\": [\"@debug\"], \"action\": {\"errno\": \"EACCES\"}, "
		   "\"quiet\": "
		   "true}, {\"names\": [\"lseek\"], \"action\": \"allow\", \"when\": [{\"arg\": "
		   "\"offset\", \"mask\": \"0xffffffff00000000\", \"notIn\": [0, "
		   "\"0x100000000\"]}, {\"arg\": \"whence\", \"in\": [0, 1]}]}]}");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct cordon_profile *p = load(names[i]), *again;
		char *text = cordon_profile_show(p);

		cr_assert(text != NULL);
		write_text("again", text);
		again = load("again");
		cr_expect(memcmp(p->digest, again->digest, sizeof(p->digest)) == 0, "%s", names[i]);
		cr_expect(p->filter_count == again->filter_count);
		cordon_profile_destroy(p);
		cordon_profile_destroy(again);
		free(text);
	}
}

Test(profile_layers, a_pinned_digest_holds_or_the_profile_does_not_load)
{
	struct cordon_profile *p = load("default");
	char *text = cordon_profile_show(p), *at;

	at = strstr(text, "\"workspace\":\"write\"");
	cr_assert(at != NULL);
	memcpy(at, "\"workspace\":\"read\" ", 19);
	write_text("pinned", text);
	cr_expect(strstr(refusal("pinned"), "comes out with another digest, sha256:") != NULL, "%s",
		err.text);
	put("child", "\"extends\": [\"pinned\"]");
	cr_expect(strstr(refusal("child"), "a profile that pins its digest stands alone") != NULL);
	cordon_profile_destroy(p);
	free(text);
}

/* The digest is of what decides, and of nothing else. */
Test(profile_layers, the_digest_changes_with_what_decides_only)
{
	static const char *const same[] = { "\"extends\": [\"base\"], \"name\": \"n\"",
		("\"extends\": [\"base\"], \"name\": \"n\", \"why\": \"text\", "
		 "\"description\": \"d\""),
		"\"name\": \"n\", \"extends\": [\"base\"], \"limits\": {\"memory\": 1073741824}" };
	static const char *const other[] = { "\"limits\": {\"memory\": 1073741823}",
		"\"environment\": {\"set\": {\"A\": \"\"}}", "\"filesystem\": {\"hide\": [\"a\"]}",
		"\"filesystem\": {\"read\": []}", "\"exec\": {\"allow\": []}",
		"\"syscalls\": {\"rules\": [{\"names\": [\"read\"], \"action\": \"kill\"}]}",
		"\"syscalls\": {\"rules\": [{\"names\": [\"read\"], \"action\": {\"errno\": "
		"\"EPERM\"}}]}",
		"\"syscalls\": {\"rules\": [{\"names\": [\"read\"], \"action\": {\"errno\": "
		"\"EPERM\"}, "
		"\"quiet\": true}]}",
		"\"syscalls\": {\"rules\": [{\"names\": [\"read\"], \"action\": \"kill\", "
		"\"when\": "
		"[{\"arg\": 0, \"in\": [1]}]}]}",
		"\"syscalls\": {\"rules\": [{\"names\": [\"read\"], \"action\": \"kill\", "
		"\"when\": "
		"[{\"arg\": 0, \"notIn\": [1]}]}]}" };
	uint8_t digests[16][CORDON_DIGEST_SIZE];
	const size_t others = sizeof(other) / sizeof(other[0]);

	put("base", BASE);
	for (size_t i = 0; i < 3; i++) {
		put("x", same[i]);
		struct cordon_profile *p = load("x");
		if (i > 0)
			cr_expect(memcmp(digests[0], p->digest, CORDON_DIGEST_SIZE) == 0, "%zu", i);
		memcpy(digests[0], p->digest, CORDON_DIGEST_SIZE);
		cordon_profile_destroy(p);
	}
	for (size_t i = 0; i < others; i++) {
		char rest[512];

		snprintf(rest, sizeof(rest), "\"extends\": [\"base\"], \"name\": \"n\", %s",
			other[i]);
		put("x", rest);
		struct cordon_profile *p = load("x");
		memcpy(digests[i + 1], p->digest, CORDON_DIGEST_SIZE);
		for (size_t k = 0; k <= i; k++)
			cr_expect(memcmp(digests[k], digests[i + 1], CORDON_DIGEST_SIZE) != 0,
				"%s is as %zu", other[i], k);
		cordon_profile_destroy(p);
	}
}

Test(profile_layers, a_file_name_becomes_a_name_that_can_be_read_again)
{
	struct cordon_profile *p, *again;
	char path[256], *text;

	put(".my profile\xc3\xa9", "\"extends\": []");
	snprintf(path, sizeof(path), "%s/.my profile\xc3\xa9.json", directory);
	p = load(path);
	cr_expect_str_eq(p->name, "_my_profile__");
	text = cordon_profile_show(p);
	write_text("again", text);
	again = load("again");
	cr_expect(memcmp(p->digest, again->digest, sizeof(p->digest)) == 0);
	unlink(path);
	cordon_profile_destroy(p);
	cordon_profile_destroy(again);
	free(text);
}

static char listed[4096];

static void
note(void *context, const char *name, const char *description, const char *origin)
{
	const size_t used = strlen(listed);

	(void)context;
	snprintf(listed + used, sizeof(listed) - used, "%s|%s|%s\n", name, description,
		strcmp(origin, "library") == 0 ? origin : "file");
}

Test(profile_layers, the_list_has_each_name_once_with_its_trouble)
{
	put("mine", "\"description\": \"my own\"");
	put("default", "\"description\": \"in front\"");
	write_text("broken", "{");
	cr_assert(cordon_profile_list(&places, note, NULL, &err) == 0);
	cr_expect(strstr(listed, "mine|my own|file\n") != NULL, "%s", listed);
	cr_expect(strstr(listed, "default|in front|file\n") != NULL);
	cr_expect(strstr(listed, "default|work in") == NULL);
	cr_expect(strstr(listed, "broken|") != NULL);
	cr_expect(strstr(listed, "node|Node.js programs") != NULL);
	cr_expect(strstr(listed, "floor") == NULL);
}
