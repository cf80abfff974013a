/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The display socket with a whole guest behind it, up to a card of memory: a back-end that sends
 * what the input says, while flips come or fail, outputs change, the card comes and goes, and
 * system calls fail. Whatever happens, each DMABUF_UPDATE has one answer, and nothing is left over
 * (stage.h).
 *
 * Not reached: tiled buffers, which need a GPU (src/scene/tiled.c), what goes on with a
 * predecessor's peer (src/scene/guest_kept.c and others, those lines of channel.c and
 * scanout_buffer.c), which the target state is for, and what no peer has a hand in: the hours of
 * the day (src/scene/layout_hours.c), and what an output is lit with (src/scene/view_paint.c).
 *
 * Covers: src/wire/channel.c src/wire/channel_message.c src/wire/channel_reply.c src/scene/guest.c
 * Covers: src/scene/scanout.c src/scene/scanout_buffer.c src/scene/scanout_early.c
 * Covers: src/scene/scanout_fence.c src/scene/scanout_mirror.c src/scene/scanout_view.c
 * Covers: src/scene/reply.c src/scene/view.c
 * Covers: src/scene/view_compose.c src/scene/view_cursor.c src/scene/view_judge.c
 * Covers: src/scene/canvas.c src/scene/copy.c src/scene/cursor.c src/scene/damage.c
 * Covers: src/scene/dmabuf.c src/scene/layout.c src/scene/layout_configure.c
 * Covers: src/scene/layout_dark.c
 * Covers: src/scene/layout_display.c src/scene/layout_placeholder.c src/scene/layout_resolve.c
 * Covers: src/scene/layout_say.c src/scene/layout_told.c src/scene/layout_vacant.c
 * Covers: src/scene/layout_choose.c src/scene/layout_sections.c
 * Covers: src/scene/place.c src/scene/source.c src/scene/surface.c src/scene/verdict.c
 * Reaches: 91
 * Of each file: 76
 */
#include <errno.h>
#include <glib.h>
#include <sys/socket.h>

#include "dmabufs.h"
#include "fake/fake_kms.h"
#include "message.h"
#include "stage.h"

#define STEPS_MAX 96

static struct kms_output *choose_output(struct stage *stage, struct fuzz *fuzz)
{
	return &stage->card->outputs[fuzz_pick(fuzz, (uint32_t)stage->outputs)];
}

/* What is in flight on the output comes to its end. */
static void flip(struct stage *stage, struct fuzz *fuzz)
{
	static const int errors[] = {EINVAL, ERANGE, EACCES, ETIMEDOUT, ENODEV, EBUSY, ENOMEM};
	struct kms_output *output = choose_output(stage, fuzz);
	uint8_t how = fuzz_u8(fuzz);

	if (output->cursor_in_flight)
		fake_flip_cursor(output);
	else if (!output->queued.frame.buffer)
		output->cursor_in_flight = output->active && how & 0x80;
	else if (how < 0xa0)
		fake_flip(output);
	else if (how < 0xc0)
		fake_flip_without_vblank(output);
	else
		fake_fail(output, errors[how % G_N_ELEMENTS(errors)]);
}

/* What the driver can do, from now on. */
static void turn_knobs(struct stage *stage, struct fuzz *fuzz)
{
	struct kms_output *output = choose_output(stage, fuzz);
	uint8_t output_knobs = fuzz_u8(fuzz);
	uint8_t card_knobs = fuzz_u8(fuzz);

	output->cursor_plane = output_knobs & 1;
	output->scaler = output_knobs & 2;
	output->positions = output_knobs & 4;
	output->reflects = output_knobs & 8;
	output->shows_dmabufs = output_knobs & 16;
	output->refuses_submit = (output_knobs & 0xe0) == 0xe0;
	stage->card->refuses_import = card_knobs & 1;
	stage->card->refuses_dumb = card_knobs & 2;
	stage->card->refuses_configure = card_knobs & 4;
}

static void change_mode(struct kms_output *output, struct fuzz *fuzz)
{
	uint32_t width = 1 + fuzz_pick(fuzz, 160);
	uint32_t height = 1 + fuzz_pick(fuzz, 160);

	/* As kms/ does it. */
	fake_fail(output, ECANCELED);
	fake_set_mode(output, width, height);
}

static void change_monitor(struct stage *stage, struct kms_output *output, struct fuzz *fuzz)
{
	uint8_t how = fuzz_u8(fuzz);

	output->connected = how & 1;
	if (!output->connected && output->active)
		fake_unplug(output);
	output->monitor[0] = '\0';
	if (how & 2)
		g_snprintf(output->monitor, sizeof(output->monitor), "ACM Screen %u", how >> 6);
	output->edid_size = how & 4 ? sizeof(output->edid) : 0;
	fuzz_copy(fuzz, output->edid, 16);
	output->width_mm = fuzz_odd(fuzz) % 10000;
	fake_probe(stage->card);
}

static void change_output(struct stage *stage, struct fuzz *fuzz)
{
	struct kms_output *output = choose_output(stage, fuzz);

	switch (fuzz_pick(fuzz, 5)) {
	case 0:
		fake_set_active(output, !output->active && output->connected);
		break;
	case 1:
		change_mode(output, fuzz);
		break;
	case 2:
		change_monitor(stage, output, fuzz);
		break;
	case 3:
		fake_probe(stage->card);
		break;
	default:
		fake_tell(stage->card);
		break;
	}
}

static void change_peer(struct stage *stage, struct fuzz *fuzz)
{
	switch (fuzz_pick(fuzz, 5)) {
	case 0:
		stage_hang_up(stage);
		break;
	case 4:
		stage_attach_broken(stage);
		break;
	case 1:
		if (stage->peer >= 0)
			shutdown(stage->peer, SHUT_WR);
		break;
	case 2:
		guest_detach(stage->guest);
		break;
	default:
		stage_attach(stage);
		break;
	}
}

static void change_layout(struct stage *stage, struct fuzz *fuzz)
{
	switch (fuzz_pick(fuzz, 4)) {
	case 0:
		layout_set_idle(stage->layout, stage->guest, true);
		break;
	case 1:
		layout_set_idle(stage->layout, stage->guest, false);
		break;
	case 2:
		layout_set_scanout_count(stage->layout, stage->guest, 1 + fuzz_pick(fuzz, 16));
		break;
	default:
		stage_change_card(stage);
		break;
	}
}

/* Those of the steps that need a card. */
static void change_screens(struct stage *stage, struct fuzz *fuzz, uint8_t what)
{
	if (!stage->card)
		return;
	if (what < 11)
		flip(stage, fuzz);
	else if (what < 12)
		turn_knobs(stage, fuzz);
	else
		change_output(stage, fuzz);
}

static void step(struct stage *stage, struct fuzz *fuzz)
{
	uint8_t what = fuzz_u8(fuzz);

	switch (what & 15) {
	case 9:
	case 10:
	case 11:
	case 12:
		change_screens(stage, fuzz, what & 15);
		break;
	case 13:
		dmabufs_play(fuzz);
		break;
	case 14:
		if (what & 0x20)
			change_peer(stage, fuzz);
		else if (what & 0x40)
			stage_arrange(stage, fuzz);
		else
			change_layout(stage, fuzz);
		break;
	case 15:
		stage_receive(stage);
		break;
	default:
		if (stage->peer >= 0)
			message_send(fuzz, stage->peer);
		break;
	}
	if ((what & 0xd0) == 0xd0)
		stage_turns_with_fault(stage, fuzz);
	else if ((what & 0xd0) == 0xc0)
		fuzz_turns_without_fds(4);
	else if (!(what & 0x10))
		fuzz_turns(4);
}

/* The fake keeps a list of commits for tests that look at them. */
static void forget_commits(struct stage *stage)
{
	for (size_t i = 0; stage->card && i < stage->outputs; i++)
		stage->card->outputs[i].commit_count = 0;
}

/* What a real back-end has sent, while every flip comes. */
static void replay(struct stage *stage, struct fuzz *fuzz)
{
	struct fuzz_piece piece;

	while (fuzz_next_piece(fuzz, &piece)) {
		message_send_piece(&piece, fuzz, stage->peer);
		fuzz_turns(4);
		for (size_t i = 0; i < stage->outputs; i++) {
			if (stage->card->outputs[i].queued.frame.buffer)
				fake_flip(&stage->card->outputs[i]);
		}
		stage_receive(stage);
		forget_commits(stage);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = {data, size};
	struct stage stage;

	dmabufs_reset();
	stage_init(&stage, &fuzz);
	if (fuzz_is_recorded(&fuzz))
		replay(&stage, &fuzz);
	for (unsigned int i = 0; i < STEPS_MAX && fuzz.size > 0; i++) {
		step(&stage, &fuzz);
		forget_commits(&stage);
	}
	stage_finish(&stage);
	return 0;
}
