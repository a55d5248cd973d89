#include "floor_check.h"

#include <string.h>

#include <cordon/launcher.h>

/* The reason codes of what the probe calls otherwise. */
static const struct {
	const char *name, *reason;
} codes[] = {
	{ "user-namespace", "floor.userns" },
	{ "namespaces", "floor.namespaces" },
	{ "mounts", "floor.mounts" },
	{ "proc", "floor.proc_masked" },
	{ "seccomp", "floor.seccomp" },
	{ "idmapped-mounts", "floor.idmap" },
};

static int
refuse(const struct cordon_protection *p, struct cordon_error *err)
{
	const char *reason = "floor.kernel";

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strcmp(codes[i].name, p->name) == 0)
			reason = codes[i].reason;
	cordon_fail(err, CORDON_EFLOOR, 0, "nothing is served, %s is missing: %s; %s", p->name,
		p->detail, p->remedy);
	return cordon_because(err, reason);
}

int
floor_check(struct serve *s, struct cordon_error *err)
{
	static const char *const cgroups[] = { "none", "v1", "v2" };
	struct cordon_protection list[CORDON_PROTECTIONS];
	const size_t count = cordon_probe(s->workspace.path, list);

	s->cgroup = cgroups[0];
	for (size_t i = 0; i < count; i++) {
		const struct cordon_protection *p = &list[i];
		const int idmap = strcmp(p->name, "idmapped-mounts") == 0;

		if (p->presence == CORDON_MISSING && !(idmap && s->config->map_root))
			return refuse(p, err);
		if (strcmp(p->name, "landlock") == 0)
			s->landlock = p->version;
		if (strcmp(p->name, "memory-limit") == 0 && p->version <= 2)
			s->cgroup = cgroups[p->version];
		if (strcmp(p->name, "seccomp") == 0)
			s->user_notif = p->presence == CORDON_PRESENT;
	}
	return 0;
}
