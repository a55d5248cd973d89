/* What the caller may: policy/check, profile/list, profile/show. */
#pragma once

#include "calls.h"

call_fn policy_check, policy_profiles, policy_profile;
/* CHECKED and TEXT came. */
request_render_fn policy_answer_checked, policy_answer_profile;
