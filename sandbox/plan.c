/* The plan codec. The decoder stands between a monitor that may have been taken over and the one
 * process with the right to make namespaces: every count, length and enum is bounded here, what the
 * values may *mean* is checked in floor.c. Fuzz target: tests/fuzz/target_plan.c. */
#include <cordon/plan.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/bpf.h>
#include <cordon/mem.h>

#define PLAN_VERSION 1

static void
free_strings(char **strings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(strings[i]);
	free(strings);
}

void
cordon_plan_finish(struct cordon_plan *plan)
{
	for (size_t i = 0; i < plan->mount_count; i++) {
		free(plan->mounts[i].source);
		free(plan->mounts[i].target);
	}
	for (size_t i = 0; i < plan->link_count; i++) {
		free(plan->links[i].target);
		free(plan->links[i].text);
	}
	for (size_t i = 0; i < plan->file_count; i++) {
		free(plan->files[i].target);
		free(plan->files[i].text);
	}
	free(plan->mounts);
	free(plan->links);
	free(plan->files);
	free_strings(plan->protect, plan->protect_count);
	free_strings(plan->hide, plan->hide_count);
	free_strings(plan->exec, plan->exec_count);
	free(plan->filter);
	memset(plan, 0, sizeof(*plan));
}

static void
put_strings(struct cordon_writer *w, char *const *strings, size_t count)
{
	cordon_put_u32(w, (uint32_t)count);
	for (size_t i = 0; i < count; i++)
		cordon_put_string(w, strings[i]);
}

void
cordon_plan_encode(const struct cordon_plan *plan, struct cordon_writer *w)
{
	cordon_put_u32(w, PLAN_VERSION);
	cordon_put_u8(w, (uint8_t)plan->workspace);
	cordon_put_u32(w, plan->flags);
	cordon_put_u64(w, plan->tmp_bytes);
	cordon_put_u64(w, plan->tmp_inodes);
	cordon_put_u32(w, (uint32_t)plan->mount_count);
	for (size_t i = 0; i < plan->mount_count; i++) {
		const struct cordon_plan_mount *m = &plan->mounts[i];

		cordon_put_string(w, m->source);
		cordon_put_string(w, m->target);
		cordon_put_u64(w, m->identity.dev);
		cordon_put_u64(w, m->identity.ino);
		cordon_put_u32(w, m->flags);
	}
	cordon_put_u32(w, (uint32_t)plan->link_count);
	for (size_t i = 0; i < plan->link_count; i++) {
		cordon_put_string(w, plan->links[i].target);
		cordon_put_string(w, plan->links[i].text);
	}
	cordon_put_u32(w, (uint32_t)plan->file_count);
	for (size_t i = 0; i < plan->file_count; i++) {
		cordon_put_string(w, plan->files[i].target);
		cordon_put_string(w, plan->files[i].text);
	}
	put_strings(w, plan->protect, plan->protect_count);
	put_strings(w, plan->hide, plan->hide_count);
	put_strings(w, plan->exec, plan->exec_count);
	cordon_put_u64(w, plan->memory_bytes);
	cordon_put_u64(w, plan->processes);
	cordon_put_u64(w, plan->cpu_ms);
	cordon_put_u64(w, plan->open_files);
	cordon_put_u64(w, plan->file_bytes);
	cordon_put_bytes(w, plan->arguments, sizeof(plan->arguments));
	cordon_put_u32(w, (uint32_t)plan->filter_count);
	for (size_t i = 0; i < plan->filter_count; i++) {
		cordon_put_u16(w, plan->filter[i].code);
		cordon_put_u8(w, plan->filter[i].jt);
		cordon_put_u8(w, plan->filter[i].jf);
		cordon_put_u32(w, plan->filter[i].k);
	}
}

/* A count of elements that take at least least bytes each, so that a short message cannot ask for a
 * large allocation. */
static int
get_count(struct cordon_reader *r, size_t max, size_t least, size_t *ret)
{
	uint32_t count = 0;

	if (cordon_get_u32(r, &count) < 0 || count > max || count > r->left / least)
		return -1;
	*ret = count;
	return 0;
}

static int
get_strings(struct cordon_reader *r, size_t max, char ***ret, size_t *ret_count)
{
	size_t count = 0;

	if (get_count(r, max, 4, &count) < 0)
		return -1;
	*ret = cordon_array(count + 1, sizeof(**ret));
	if (*ret == NULL)
		return -1;
	for (; *ret_count < count; (*ret_count)++)
		if (cordon_get_string(r, PATH_MAX - 1, &(*ret)[*ret_count]) < 0)
			return -1;
	return 0;
}

static int
get_mounts(struct cordon_reader *r, struct cordon_plan *p)
{
	size_t count = 0;

	if (get_count(r, CORDON_PLAN_MOUNTS, 28, &count) < 0)
		return -1;
	p->mounts = cordon_array(count + 1, sizeof(*p->mounts));
	if (p->mounts == NULL)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct cordon_plan_mount *m = &p->mounts[i];

		p->mount_count = i + 1;
		if (cordon_get_string(r, PATH_MAX - 1, &m->source) < 0 ||
			cordon_get_string(r, PATH_MAX - 1, &m->target) < 0 ||
			cordon_get_u64(r, &m->identity.dev) < 0 ||
			cordon_get_u64(r, &m->identity.ino) < 0 || cordon_get_u32(r, &m->flags) < 0)
			return -1;
	}
	return 0;
}

static int
get_links(struct cordon_reader *r, struct cordon_plan *p)
{
	size_t count = 0;

	if (get_count(r, CORDON_PLAN_FILES, 8, &count) < 0)
		return -1;
	p->links = cordon_array(count + 1, sizeof(*p->links));
	if (p->links == NULL)
		return -1;
	for (size_t i = 0; i < count; i++) {
		p->link_count = i + 1;
		if (cordon_get_string(r, PATH_MAX - 1, &p->links[i].target) < 0 ||
			cordon_get_string(r, PATH_MAX - 1, &p->links[i].text) < 0)
			return -1;
	}
	return 0;
}

static int
get_files(struct cordon_reader *r, struct cordon_plan *p)
{
	size_t count = 0;

	if (get_count(r, CORDON_PLAN_FILES, 8, &count) < 0)
		return -1;
	p->files = cordon_array(count + 1, sizeof(*p->files));
	if (p->files == NULL)
		return -1;
	for (size_t i = 0; i < count; i++) {
		p->file_count = i + 1;
		if (cordon_get_string(r, PATH_MAX - 1, &p->files[i].target) < 0 ||
			cordon_get_string(r, 1u << 16, &p->files[i].text) < 0)
			return -1;
	}
	return 0;
}

static int
get_filter(struct cordon_reader *r, struct cordon_plan *p)
{
	if (get_count(r, BPF_MAXINSNS, 8, &p->filter_count) < 0)
		return -1;
	p->filter = cordon_array(p->filter_count + 1, sizeof(*p->filter));
	if (p->filter == NULL)
		return -1;
	for (size_t i = 0; i < p->filter_count; i++) {
		struct sock_filter *f = &p->filter[i];

		if (cordon_get_u16(r, &f->code) < 0 || cordon_get_u8(r, &f->jt) < 0 ||
			cordon_get_u8(r, &f->jf) < 0 || cordon_get_u32(r, &f->k) < 0)
			return -1;
	}
	return cordon_bpf_check(p->filter, p->filter_count);
}

static int
get_plan(struct cordon_reader *r, struct cordon_plan *p)
{
	struct cordon_bytes arguments;
	uint32_t version = 0;
	uint8_t workspace = 0;

	if (cordon_get_u32(r, &version) < 0 || version != PLAN_VERSION ||
		cordon_get_u8(r, &workspace) < 0 || workspace > CORDON_WORKSPACE_WRITE ||
		cordon_get_u32(r, &p->flags) < 0 ||
		(p->flags & ~(uint32_t)CORDON_PLAN_FLAGS) != 0 ||
		cordon_get_u64(r, &p->tmp_bytes) < 0 || cordon_get_u64(r, &p->tmp_inodes) < 0)
		return -1;
	p->workspace = workspace;
	if (get_mounts(r, p) < 0 || get_links(r, p) < 0 || get_files(r, p) < 0 ||
		get_strings(r, CORDON_PLAN_PATTERNS, &p->protect, &p->protect_count) < 0 ||
		get_strings(r, CORDON_PLAN_PATTERNS, &p->hide, &p->hide_count) < 0 ||
		get_strings(r, CORDON_PLAN_PATTERNS, &p->exec, &p->exec_count) < 0)
		return -1;
	if (cordon_get_u64(r, &p->memory_bytes) < 0 || cordon_get_u64(r, &p->processes) < 0 ||
		cordon_get_u64(r, &p->cpu_ms) < 0 || cordon_get_u64(r, &p->open_files) < 0 ||
		cordon_get_u64(r, &p->file_bytes) < 0)
		return -1;
	if (cordon_get_bytes(r, sizeof(p->arguments), &arguments) < 0 ||
		arguments.size != sizeof(p->arguments))
		return -1;
	memcpy(p->arguments, arguments.data, sizeof(p->arguments));
	for (size_t i = 0; i < sizeof(p->arguments); i++)
		if (p->arguments[i] > 6)
			return -1;
	return get_filter(r, p);
}

int
cordon_plan_decode(const void *data, size_t size, struct cordon_plan *ret, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	struct cordon_plan plan = { 0 };

	if (get_plan(&r, &plan) < 0 || r.left != 0) {
		cordon_plan_finish(&plan);
		return cordon_fail(err, CORDON_EPEER, 0, "a launch plan has the wrong shape");
	}
	*ret = plan;
	return 0;
}
