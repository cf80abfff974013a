/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a device's predecessor has left, as it may and as it cannot be: what would be read or
 * written out of bounds by who goes on with it is refused. (How it is left and gone on with:
 * test-device-kept.c.)
 */
#include <string.h>

#include "channel_fixture.h"
#include "input/backlog.h"
#include "vhost/journal.h"
#include "vhost/ring.h"

/* What is not taken is not believed. */
static void test_damaged(void)
{
	static const struct {
		struct vhost_picture picture;
		uint32_t bytes; /* of the call */
		bool with_fds; /* it */
		uint32_t size; /* that the message says */
		const char *why; /* not; NULL: it is gone on with … */
		enum vhost_step step; /* … here */
		uint32_t fds; /* of the message */
	} cases[] = {
		{.step = VHOST_STEP_NONE},
		{{.step = VHOST_STEPS}, .why = "damaged"},
		{{.step = UINT32_MAX}, .why = "damaged"},
		{{.fd_count = STREAM_FDS_MAX + 1}, .why = "damaged"},
		{{.region_count = VHOST_JOURNAL_REGIONS}, .step = VHOST_STEP_NONE},
		{{.region_count = VHOST_JOURNAL_REGIONS + 1}, .why = "more memory regions"},
		{{.region_count = 2, .regions = {{.fd = 1}, {.fd = VHOST_FD_NOT_KEPT}}},
			.why = "could not be kept"},
		{{.fd_count = 1, .fds = {VHOST_FD_NOT_KEPT}}, .why = "could not be kept"},
		{{.backend_request = VHOST_FD_NOT_KEPT}, .why = "could not be kept"},
		{{.rings = {{.kick = VHOST_FD_NOT_KEPT}}}, .why = "could not be kept"},
		{{.rings = {{0}, {.call = VHOST_FD_NOT_KEPT}}}, .why = "could not be kept"},
		{{.rings = {{.size = RING_SIZE_MAX}}}, .step = VHOST_STEP_NONE},
		{{.rings = {{.size = RING_SIZE_MAX + 1}}}, .why = "damaged"},
		{{.rings = {{.runs = 1, .enabled = 1}}}, .why = "damaged"},
		{{.rings = {{.runs = 1, .kick = 7}}}, .why = "damaged"},
		{{.rings = {{.runs = 1, .enabled = 1, .kick = 7}}}, .step = VHOST_STEP_NONE},
		{{.next_count = STREAM_FDS_MAX + 1}, .why = "damaged"},
		{{.next_count = 1, .next = {VHOST_FD_NOT_KEPT}}, .why = "could not be kept"},
		{{.step = VHOST_STEP_READ}, STREAM_RECORD_NOTHING, .size = UINT32_MAX,
			.why = "damaged"},
		{{.step = VHOST_STEP_READ}, STREAM_RECORD_NOTHING, .size = 8,
			.step = VHOST_STEP_NONE},
		{{.step = VHOST_STEP_READ, .next_count = 1, .next = {7}}, STREAM_RECORD_NOTHING,
			.size = 8, .step = VHOST_STEP_NONE},
		{{.step = VHOST_STEP_READ, .fd_count = 1, .fds = {7}}, STREAM_RECORD_NOTHING,
			.size = 8, .why = "damaged"},
		{{.step = VHOST_STEP_READ}, 0, .size = 8, .step = VHOST_STEP_NONE},
		{{.step = VHOST_STEP_READ}, 20, .size = 8, .step = VHOST_STEP_OBEY},
		{{.step = VHOST_STEP_READ, .next_count = 2, .next = {7, 8}}, 20, true, 8,
			.step = VHOST_STEP_OBEY, .fds = 2},
		{{.step = VHOST_STEP_READ, .next_count = 2, .next = {7, 8}}, 20, .size = 8,
			.step = VHOST_STEP_OBEY},
		{{.step = VHOST_STEP_READ, .next_count = 2, .next = {7, 8}}, 12, true, 8,
			.step = VHOST_STEP_PART, .fds = 2},
		{{.step = VHOST_STEP_READ,
			 .have = 12,
			 .fd_count = STREAM_FDS_MAX - 1,
			 .next_count = 2,
			 .next = {7, 8}},
			8, true, 8, .why = "damaged"},
		{{.step = VHOST_STEP_READ, .have = 12}, 8, .size = 8, .step = VHOST_STEP_OBEY},
		{{.step = VHOST_STEP_READ, .have = 12}, 9, .size = 8, .why = "damaged"},
		{{.step = VHOST_STEP_READ, .have = 20}, STREAM_RECORD_NOTHING, .size = 8,
			.why = "damaged"},
		{{.step = VHOST_STEP_READ}, 19, .size = 8, .step = VHOST_STEP_PART},
		{{.step = VHOST_STEP_READ}, 21, .size = 8, .why = "damaged"},
		{{.step = VHOST_STEP_READ}, 11, .size = UINT32_MAX, .why = "damaged"},
		{{.step = VHOST_STEP_PART, .have = 7}, .size = 8, .step = VHOST_STEP_PART},
		{{.step = VHOST_STEP_PART, .have = 20}, .size = 8, .why = "damaged"},
		{{.step = VHOST_STEP_PART}, .size = 8, .step = VHOST_STEP_NONE},
		{{.step = VHOST_STEP_OBEY}, .size = VHOST_USER_PAYLOAD_MAX,
			.step = VHOST_STEP_OBEY},
		{{.step = VHOST_STEP_OBEY}, .size = VHOST_USER_PAYLOAD_MAX + 1, .why = "damaged"},
		{{.step = VHOST_STEP_ANSWER}, STREAM_RECORD_NOTHING, .size = 8,
			.step = VHOST_STEP_ANSWER},
		{{.step = VHOST_STEP_ANSWER}, 20, .size = 8, .step = VHOST_STEP_NONE},
		{{.step = VHOST_STEP_ANSWER}, STREAM_RECORD_NOTHING,
			.size = VHOST_USER_PAYLOAD_MAX + 1, .why = "damaged"},
	};
	g_autofree struct vhost_journal *journal = g_new0(struct vhost_journal, 1);

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct vhost_picture picture;
		const char *why;

		memset(journal, 0, sizeof(*journal));
		journal->current = 1;
		journal->pictures[1] = cases[i].picture;
		journal->record.call.msg_len = cases[i].bytes;
		journal->record.call.msg_hdr.msg_flags = cases[i].with_fds ? MSG_CTRUNC : 0;
		journal->message.header.size = cases[i].size;
		journal->answer.header.size = cases[i].size;
		g_test_message("case %zu", i);
		g_assert_cmpint(vhost_journal_recover(journal, &picture, &why), ==, !cases[i].why);
		if (cases[i].why) {
			g_assert_nonnull(strstr(why, cases[i].why));
			continue;
		}
		g_assert_cmpuint(picture.step, ==, cases[i].step);
		g_assert_cmpuint(picture.fd_count, ==, cases[i].fds);
	}
}

/* Something in it kills whoever goes on with it. */
static void test_fatal(void)
{
	g_autofree struct vhost_journal *journal = g_new0(struct vhost_journal, 1);
	struct vhost_picture picture;
	const char *why;

	for (unsigned int i = 0; i < VHOST_ADOPTED_MAX; i++)
		g_assert_true(vhost_journal_recover(journal, &picture, &why));
	g_assert_false(vhost_journal_recover(journal, &picture, &why));
	g_assert_cmpstr(why, ==, "each that went on with it has died of it");
}

static void test_backlog_damaged(void)
{
	static const struct {
		struct backlog_place place;
		bool sound;
	} cases[] = {
		{{0}, true},
		{{.area = 2}, false},
		{{.begin = 1}, false},
		{{.begin = 1, .end = 3}, true},
		{{.end = 2}, false},
		{{.area = 1, .end = 3}, false},
		{{.begin = BACKLOG_CAPACITY, .end = BACKLOG_CAPACITY}, true},
		{{.begin = BACKLOG_CAPACITY, .end = BACKLOG_CAPACITY + 1}, false},
	};
	g_autofree struct backlog *backlog = g_new0(struct backlog, 1);

	/* All are SYN_REPORTs, but these. */
	backlog->values[0][1].type = EV_KEY;
	backlog->values[1][2].type = EV_KEY;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpint(backlog_place_sound(backlog, &cases[i].place), ==, cases[i].sound);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/device/left/damaged", test_damaged);
	g_test_add_func("/device/left/fatal", test_fatal);
	g_test_add_func("/device/left/backlog-damaged", test_backlog_damaged);
	return g_test_run();
}
