/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the driver said of a picture at a place, alone and with the cursor above it: remembered by
 * layout and placement, not by buffer, so that a question is asked once. Part of an output, which
 * forgets it all with a mode set.
 */
#ifndef KMS_VERDICT_H
#define KMS_VERDICT_H

#include "buffer.h"
#include "request.h"

enum kms_answer {
	KMS_ANSWER_UNKNOWN,
	KMS_ANSWER_YES,
	KMS_ANSWER_NO,
};

struct kms_verdict {
	struct kms_layout layout;
	struct kms_placement placement;
	/* A guest's buffer that the driver refuses, wherever that lies, says nothing of ours. */
	bool dumb;
	bool used;
	enum kms_answer picture; /* alone */
	enum kms_answer cursor; /* with the cursor */
	int64_t until_us; /* a refusal for want of memory: asked again then; KMS_NEVER */
};

#define KMS_VERDICTS_MAX 8

struct kms_verdicts {
	struct kms_verdict slots[KMS_VERDICTS_MAX];
	size_t next;
};

/* NULL: nothing is known. */
struct kms_verdict *kms_verdicts_find(struct kms_verdicts *verdicts,
	const struct kms_buffer *buffer, const struct kms_placement *placement);

/* The same, made where it is new: it takes the oldest one's place. */
struct kms_verdict *kms_verdicts_get(struct kms_verdicts *verdicts, const struct kms_buffer *buffer,
	const struct kms_placement *placement);

#endif
