/* What is executable lies on a mount that may execute, everything else on one that may not: an execute
 * list alone is evaded by handing the file to the dynamic loader. So a path of exec.allow below a
 * readable tree becomes a mount of its own, unless the whole tree is in the list. */
#include "plan_build.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cordon/capture.h>
#include <cordon/mem.h>
#include <cordon/path.h>

#include "own_files.h"

struct builder {
	struct cordon_plan *plan;
	const struct config *config;
	size_t mount_capacity, link_capacity, file_capacity;
	struct cordon_error *err;
};

static int
no_memory(const struct builder *b)
{
	return cordon_fail(b->err, CORDON_ELIMIT, 0, "the profile grants too much for one plan");
}

/* Binds source at target; what does not exist is skipped. */
static int
add_mount(struct builder *b, const char *source, const char *target, uint32_t flags)
{
	struct cordon_plan *p = b->plan;
	struct cordon_plan_mount *m;
	struct stat st;

	if (stat(source, &st) < 0 || !(S_ISDIR(st.st_mode) || S_ISREG(st.st_mode)))
		return 0;
	if (cordon_grow(&p->mounts, &b->mount_capacity, p->mount_count + 1, CORDON_PLAN_MOUNTS,
		    sizeof(*p->mounts)) < 0)
		return no_memory(b);
	m = &p->mounts[p->mount_count++];
	*m = (struct cordon_plan_mount){ .source = strdup(source),
		.target = strdup(target),
		.identity = { st.st_dev, st.st_ino },
		.flags = flags };
	return m->source == NULL || m->target == NULL ? no_memory(b) : 0;
}

static int
add_link(struct builder *b, const char *target, const char *text)
{
	struct cordon_plan *p = b->plan;
	struct cordon_plan_link *l;

	if (cordon_grow(&p->links, &b->link_capacity, p->link_count + 1, CORDON_PLAN_FILES,
		    sizeof(*p->links)) < 0)
		return no_memory(b);
	l = &p->links[p->link_count++];
	*l = (struct cordon_plan_link){ strdup(target), strdup(text) };
	return l->target == NULL || l->text == NULL ? no_memory(b) : 0;
}

static int
add_file(struct builder *b, const char *target, const char *text)
{
	struct cordon_plan *p = b->plan;
	struct cordon_plan_file *f;

	if (cordon_grow(&p->files, &b->file_capacity, p->file_count + 1, CORDON_PLAN_FILES,
		    sizeof(*p->files)) < 0)
		return no_memory(b);
	f = &p->files[p->file_count++];
	*f = (struct cordon_plan_file){ strdup(target), strdup(text) };
	return f->target == NULL || f->text == NULL ? no_memory(b) : 0;
}

static int
is_executable(const struct cordon_profile *profile, const char *path)
{
	for (size_t i = 0; i < profile->exec.count; i++)
		if (cordon_path_within(path, profile->exec.items[i]))
			return 1;
	return 0;
}

static int
add_reads(struct builder *b, const struct cordon_profile *profile)
{
	for (size_t i = 0; i < profile->read.count; i++) {
		const char *path = profile->read.items[i];

		if (add_mount(b, path, path, is_executable(profile, path) ? CORDON_MOUNT_EXEC : 0) <
			0)
			return -1;
	}
	for (size_t i = 0; i < profile->exec.count; i++) {
		const char *path = profile->exec.items[i];
		int readable = 0, covered = 0;

		for (size_t k = 0; k < profile->read.count; k++) {
			readable |= cordon_path_within(path, profile->read.items[k]);
			covered |= cordon_path_within(path, profile->read.items[k]) &&
				   is_executable(profile, profile->read.items[k]);
		}
		/* What cannot be read cannot be executed either: a list entry without a grant. */
		if (readable && !covered && add_mount(b, path, path, CORDON_MOUNT_EXEC) < 0)
			return -1;
	}
	return 0;
}

static int
add_writes(struct builder *b, const struct cordon_profile *profile)
{
	for (size_t i = 0; i < profile->write_count; i++) {
		const struct cordon_write_grant *grant = &profile->write[i];
		struct stat st;

		if (stat(grant->path, &st) < 0)
			return cordon_fail(b->err, CORDON_EINPUT, errno,
				"could not grant '%s', which the profile lists in filesystem.write",
				grant->path);
		if (add_mount(b, grant->path, grant->path,
			    CORDON_MOUNT_WRITE | CORDON_MOUNT_OWNED |
				    (grant->exec ? (uint32_t)CORDON_MOUNT_EXEC : 0u)) < 0)
			return -1;
	}
	return 0;
}

/* /bin, /lib and so on: as the host has them, links or directories. */
static int
add_usr_links(struct builder *b, const struct cordon_profile *profile)
{
	static const char *const names[] = { "/bin", "/sbin", "/lib", "/lib32", "/lib64",
		"/libx32" };
	int has_usr = 0;

	for (size_t i = 0; i < profile->read.count; i++)
		has_usr |= strcmp(profile->read.items[i], "/usr") == 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && has_usr; i++) {
		char text[PATH_MAX];
		const ssize_t length = readlink(names[i], text, sizeof(text) - 1);

		if (length > 0) {
			text[length] = '\0';
			if (add_link(b, names[i], text) < 0)
				return -1;
		} else if (add_mount(b, names[i], names[i],
				   is_executable(profile, "/usr") ? CORDON_MOUNT_EXEC : 0) < 0) {
			return -1;
		}
	}
	return 0;
}

static int
add_etc(struct builder *b)
{
	/* Trees that programs need and that tell nothing about the host's people. */
	static const char *const kept[] = { "/etc/alternatives", "/etc/ld.so.cache",
		"/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/ca-certificates", "/etc/pki",
		"/etc/crypto-policies", "/etc/mime.types", "/etc/services", "/etc/protocols",
		"/etc/fonts", "/etc/perl", "/etc/java-17-openjdk", "/etc/java-21-openjdk",
		"/etc/python3", "/etc/terminfo", "/etc/magic" };
	/* Links into /usr, where the host has them as such. */
	static const char *const links[] = { "/etc/localtime", "/etc/os-release" };
	static const struct {
		const char *target, *text;
	} made[] = {
		{ "/etc/passwd", "user:x:%u:%g:user:/home/user:/bin/bash\n"
				 "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n" },
		{ "/etc/group", "user:x:%g:\nnogroup:x:65534:\n" },
		{ "/etc/nsswitch.conf",
			"passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n"
			"services: files\nprotocols: files\n" },
		{ "/etc/hosts", "127.0.0.1 localhost cordon\n::1 localhost cordon\n" },
		{ "/etc/host.conf", "multi on\n" },
		{ "/etc/hostname", "cordon\n" },
		{ "/etc/resolv.conf", "# a run without network has no name server\n" },
		{ "/etc/shells", "/bin/sh\n/bin/bash\n" },
	};

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (add_mount(b, kept[i], kept[i], 0) < 0)
			return -1;
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
		if (add_file(b, made[i].target, made[i].text) < 0)
			return -1;
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		char text[PATH_MAX];
		const ssize_t length = readlink(links[i], text, sizeof(text) - 1);

		text[length > 0 ? length : 0] = '\0';
		if (strstr(text, "usr/") != NULL ? add_link(b, links[i], text) < 0
						 : add_mount(b, links[i], links[i], 0) < 0)
			return -1;
	}
	return add_link(b, "/etc/mtab", "/proc/self/mounts");
}

static int
refuse_layout(const struct builder *b, const char *grant, const char *where)
{
	cordon_fail(b->err, CORDON_EPOLICY, 0,
		"the profile grants '%s', but '%s' belongs to cordon itself; grant only what lies "
		"beside it",
		grant, where);
	return cordon_because(b->err, "floor.layout");
}

/* Whatever a profile grants, cordon's own files are not among it (A01). */
static int
check_grants(const struct builder *b, const struct cordon_profile *profile)
{
	char where[PATH_MAX];

	for (size_t i = 0; i < profile->read.count; i++)
		if (own_files_meet(b->config, profile->read.items[i], OWN_FILES_PRESENT, where))
			return refuse_layout(b, profile->read.items[i], where);
	for (size_t i = 0; i < profile->write_count; i++)
		if (own_files_meet(b->config, profile->write[i].path, OWN_FILES_POSSIBLE, where))
			return refuse_layout(b, profile->write[i].path, where);
	return 0;
}

static int
protect(struct builder *b, const char *below)
{
	struct cordon_plan *p = b->plan;
	char **grown = realloc(p->protect, (p->protect_count + 1) * sizeof(*grown));

	if (grown == NULL || p->protect_count >= CORDON_PLAN_PATTERNS)
		return no_memory(b);
	p->protect = grown;
	grown[p->protect_count] = strdup(below);
	return grown[p->protect_count++] == NULL ? no_memory(b) : 0;
}

/* A directory of cordon's programs that the run could write: read-only where it lies below the workspace
 * (a build tree), else the run is refused (docs/decisions/0002). */
static int
guard_programs(struct builder *b, const struct cordon_profile *profile, const char *workspace,
	const char *directory)
{
	for (size_t i = 0; i < profile->write_count; i++)
		if (cordon_path_within(directory, profile->write[i].path) ||
			cordon_path_within(profile->write[i].path, directory))
			return refuse_layout(b, profile->write[i].path, directory);
	if (b->plan->workspace != CORDON_WORKSPACE_WRITE)
		return 0;
	if (cordon_path_within(workspace, directory)) {
		cordon_fail(b->err, CORDON_EPOLICY, 0,
			"'%s' cannot be a writable workspace: cordon's own programs are in '%s'; "
			"change to "
			"another directory or name one with --workspace",
			workspace, directory);
		return cordon_because(b->err, "floor.layout");
	}
	if (cordon_path_within(directory, workspace))
		return protect(b, directory + strlen(workspace) + 1);
	return 0;
}

/* A run that could write cordon's programs would judge the next one. */
static int
guard_own_programs(struct builder *b, const struct cordon_profile *profile, const char *workspace)
{
	char program[PATH_MAX], helpers[PATH_MAX + 32], real[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
	char *slash;

	if (length <= 0)
		return cordon_fail(
			b->err, CORDON_ESYS, errno, "could not find cordon's own program");
	program[length] = '\0';
	slash = strrchr(program, '/');
	if (slash == NULL || slash == program)
		return 0;
	*slash = '\0';
	if (guard_programs(b, profile, workspace, program) < 0)
		return -1;
	snprintf(helpers, sizeof(helpers), "%s/../libexec/cordon", program);
	return realpath(helpers, real) == NULL ? 0 : guard_programs(b, profile, workspace, real);
}

static int
copy_strings(struct builder *b, const struct cordon_strings *from, char ***ret, size_t *ret_count)
{
	*ret = cordon_array(from->count + 1, sizeof(**ret));
	if (*ret == NULL || from->count > CORDON_PLAN_PATTERNS)
		return no_memory(b);
	for (; *ret_count < from->count; (*ret_count)++) {
		(*ret)[*ret_count] = strdup(from->items[*ret_count]);
		if ((*ret)[*ret_count] == NULL)
			return no_memory(b);
	}
	return 0;
}

static int
fill(struct builder *b, const struct cordon_profile *profile, const char *workspace)
{
	struct cordon_plan *p = b->plan;

	if (check_grants(b, profile) < 0 || add_reads(b, profile) < 0 ||
		add_usr_links(b, profile) < 0 || add_etc(b) < 0 || add_writes(b, profile) < 0)
		return -1;
	if (copy_strings(b, &profile->protect, &p->protect, &p->protect_count) < 0 ||
		copy_strings(b, &profile->hide, &p->hide, &p->hide_count) < 0 ||
		copy_strings(b, &profile->exec, &p->exec, &p->exec_count) < 0)
		return -1;
	if (guard_own_programs(b, profile, workspace) < 0)
		return -1;
	for (uint32_t nr = 0; nr < CORDON_PLAN_CALLS; nr++)
		p->arguments[nr] = (uint8_t)cordon_syscall_argc(nr);
	p->filter = cordon_array(profile->filter_count, sizeof(*p->filter));
	if (p->filter == NULL)
		return no_memory(b);
	memcpy(p->filter, profile->filter, profile->filter_count * sizeof(*p->filter));
	p->filter_count = profile->filter_count;
	return 0;
}

int
plan_build(const struct cordon_profile *profile, const char *workspace, const struct config *config,
	struct cordon_plan *ret, struct cordon_error *err)
{
	struct cordon_plan plan = { 0 };
	struct builder b = { .plan = &plan, .config = config, .err = err };

	plan.workspace = profile->workspace == CORDON_ACCESS_WRITE  ? CORDON_WORKSPACE_WRITE
			 : profile->workspace == CORDON_ACCESS_READ ? CORDON_WORKSPACE_READ
								    : CORDON_WORKSPACE_NONE;
	plan.flags =
		(profile->workspace_exec ? (uint32_t)CORDON_PLAN_WORKSPACE_EXEC : 0u) |
		(profile->tmp_exec ? (uint32_t)CORDON_PLAN_TMP_EXEC : 0u) |
		(profile->proc == CORDON_PROC_SYSTEM ? (uint32_t)CORDON_PLAN_PROC_SYSTEM : 0u) |
		(config->map_root ? (uint32_t)CORDON_PLAN_MAP_ROOT : 0u) |
		(profile->limits.memory_enforced ? (uint32_t)CORDON_PLAN_MEMORY_ENFORCED : 0u) |
		(profile->sockets == CORDON_SOCKETS_INSIDE ? (uint32_t)CORDON_PLAN_SOCKETS_INSIDE
							   : 0u);
	plan.tmp_bytes = profile->tmp_size;
	plan.tmp_inodes = profile->tmp_files;
	plan.memory_bytes = profile->limits.memory;
	plan.processes = profile->limits.processes;
	plan.cpu_ms = profile->limits.cpu_ms;
	plan.open_files = profile->limits.open_files;
	plan.file_bytes = profile->limits.file_size;
	if (fill(&b, profile, workspace) < 0 ||
		(cordon_network_opens(&profile->network) && plan_capture(&plan, err) < 0)) {
		cordon_plan_finish(&plan);
		return -1;
	}
	*ret = plan;
	return 0;
}

int
plan_capture(struct cordon_plan *plan, struct cordon_error *err)
{
	char *text = strdup("nameserver " CORDON_CAPTURE_RESOLVER "\n");

	if (text == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not prepare a plan");
	for (size_t i = 0; i < plan->file_count; i++)
		if (strcmp(plan->files[i].target, "/etc/resolv.conf") == 0) {
			free(plan->files[i].text);
			plan->files[i].text = text;
			plan->flags |= CORDON_PLAN_NETWORK;
			return 0;
		}
	free(text);
	return cordon_fail(err, CORDON_EFLOOR, 0, "the plan has no '/etc/resolv.conf'");
}
