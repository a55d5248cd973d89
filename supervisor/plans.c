#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <cordon/launcher.h>
#include <cordon/link.h>

#include "action_build.h"
#include "plan_build.h"
#include "serve_main.h"

#define READY 2 /* sandboxes that are prepared for each plan */

static void
forget(struct serve *s, struct plan_entry *e)
{
	struct cordon_writer w;

	cordon_writer_init(&w, 16);
	cordon_put_u32(&w, e->number);
	serve_tell(s, CORDON_LAUNCH_FORGET, &w);
	cordon_plan_finish(&e->plan);
	e->number = 0;
}

/* A free entry, or that which has not been used for the longest time. */
static struct plan_entry *
make_room(struct serve *s)
{
	struct plan_entry *oldest = &s->plans[0];

	for (size_t i = 0; i < CORDON_LAUNCH_PLANS; i++) {
		if (s->plans[i].number == 0)
			return &s->plans[i];
		if (s->plans[i].used < oldest->used)
			oldest = &s->plans[i];
	}
	forget(s, oldest);
	return oldest;
}

const struct plan_entry *
plans_get(struct serve *s, const struct cordon_profile *profile, const char *workspace,
	struct cordon_error *err)
{
	struct plan_entry *e = NULL;
	struct cordon_plan plan;
	uint8_t digest[CORDON_DIGEST_SIZE];
	struct cordon_writer w;

	for (size_t i = 0; i < CORDON_LAUNCH_PLANS && e == NULL; i++)
		if (s->plans[i].number != 0 && s->plans[i].profile == profile &&
			strcmp(s->plans[i].workspace, workspace) == 0)
			e = &s->plans[i];
	if (e != NULL) {
		e->used = ++s->clock;
		return e;
	}
	if (plan_build(profile, workspace, s->config, &plan, err) < 0)
		return NULL;
	if (action_plan_digest(&plan, digest, err) < 0) {
		cordon_plan_finish(&plan);
		return NULL;
	}
	e = make_room(s);
	*e = (struct plan_entry){
		.number = ++s->plan_count, .profile = profile, .plan = plan, .used = ++s->clock
	};
	memcpy(e->digest, digest, sizeof(e->digest));
	snprintf(e->workspace, sizeof(e->workspace), "%s", workspace);
	cordon_writer_init(&w, CORDON_LINK_BODY);
	cordon_launch_encode_plan(e->number, &e->plan, &w);
	serve_tell(s, CORDON_LAUNCH_PLAN, &w);
	return e;
}

void
plans_keep_ready(struct serve *s, const struct plan_entry *plan, const struct workspace *workspace)
{
	struct plan_entry *e = &s->plans[plan - s->plans];
	const struct cordon_prepare prepare = { .plan = e->number,
		.count = READY,
		.workspace = (char *)(uintptr_t)workspace->path,
		.workspace_identity = workspace->identity };
	struct cordon_writer w;

	if (e->is_ready && e->ready.dev == workspace->identity.dev &&
		e->ready.ino == workspace->identity.ino)
		return;
	e->is_ready = 1;
	e->ready = workspace->identity;
	cordon_writer_init(&w, PATH_MAX + 64);
	cordon_launch_encode_prepare(&prepare, &w);
	serve_tell(s, CORDON_LAUNCH_PREPARE, &w);
}

void
plans_drop(struct serve *s, uint32_t number)
{
	for (size_t i = 0; i < CORDON_LAUNCH_PLANS; i++)
		if (s->plans[i].number == number)
			forget(s, &s->plans[i]);
}

void
plans_sweep(const struct serve *s, pid_t launcher)
{
	cordon_launcher_sweep(launcher, "", NULL, 0);
	for (size_t i = 0; i < CORDON_LAUNCH_PLANS; i++) {
		const struct plan_entry *e = &s->plans[i];

		if (e->number != 0)
			cordon_launcher_sweep(
				launcher, e->workspace, e->plan.protect, e->plan.protect_count);
	}
}

void
plans_finish(struct serve *s)
{
	for (size_t i = 0; i < CORDON_LAUNCH_PLANS; i++)
		if (s->plans[i].number != 0)
			cordon_plan_finish(&s->plans[i].plan);
}
