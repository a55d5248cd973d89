/* What the launcher decodes from a monitor: a plan that is accepted encodes to the same bytes, and the
 * floor's check of it ends. A launch request is decoded too. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/launch_proto.h>
#include <cordon/plan.h>

#include "floor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cordon_error err = { 0 };
	struct cordon_plan plan;
	struct cordon_launch launch;
	struct cordon_writer w;

	if (cordon_plan_decode(data, size, &plan, &err) == 0) {
		cordon_writer_init(&w, 1u << 23);
		cordon_plan_encode(&plan, &w);
		if (w.failed || w.size != size || memcmp(w.data, data, size) != 0)
			abort();
		(void)!floor_check_plan(&plan, &err);
		cordon_writer_finish(&w);
		cordon_plan_finish(&plan);
	}
	if (cordon_launch_decode(data, size, &launch, &err) == 0) {
		if (launch.argv[0] == NULL || launch.exe[0] != '/' || launch.cwd[0] != '/' ||
			launch.umask > 0777 || launch.tty > 7)
			abort();
		cordon_launch_finish(&launch);
	}
	return 0;
}
