/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scene/alive.h"

#include <glib.h>

void alive_init(struct alive *alive, int64_t period_us)
{
	*alive = (struct alive){.period_us = period_us};
}

static void note_silence(struct alive *alive, int64_t now_us)
{
	uint64_t silence = now_us > alive->since_us ? (uint64_t)(now_us - alive->since_us) : 0;

	alive->counters.silence_us = MAX(alive->counters.silence_us, silence);
}

void alive_run(struct alive *alive, bool seen, int64_t now_us)
{
	bool running = seen && alive->period_us > 0;

	if (running && !alive->running)
		alive->since_us = now_us;
	alive->running = running;
}

bool alive_end(struct alive *alive)
{
	bool was_dead = alive->dead;

	alive->running = false;
	alive->dead = false;
	return was_dead;
}

bool alive_sign(struct alive *alive, int64_t now_us)
{
	bool was_dead = alive->dead;

	if (alive->running)
		note_silence(alive, now_us);
	if (now_us > alive->since_us)
		alive->since_us = now_us;
	alive->dead = false;
	alive->counters.returns += was_dead;
	return was_dead;
}

bool alive_check(struct alive *alive, int64_t now_us)
{
	if (now_us < alive_deadline(alive))
		return false;
	note_silence(alive, now_us);
	alive->dead = true;
	alive->counters.deaths++;
	return true;
}

const char *alive_state_name(enum alive_state state)
{
	static const char *const names[] = {
		[ALIVE_UNWATCHED] = "unwatched",
		[ALIVE_WELL] = "alive",
		[ALIVE_DEAD] = "dead",
	};

	return names[state];
}

int64_t alive_deadline(const struct alive *alive)
{
	return alive->running && !alive->dead ? alive->since_us + alive->period_us : ALIVE_NEVER;
}
