/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One card as src/ knows it: the top of kms/. It brings the card's events and deadlines into the
 * main loop, drains what the files below noted, decides, and tells the listener. Nothing below
 * calls it. device.c owns all of it; configure.c is kms_device_configure(), device_query.c what
 * src/ asks and makes.
 */
#ifndef KMS_DEVICE_H
#define KMS_DEVICE_H

#include "card.h"
#include "hotplug.h"
#include "import.h"
#include "lease.h"
#include "modeset.h"
#include "outputs.h"

#include <kms.h>

struct kms_device {
	struct kms_card *card;
	struct kms_imports imports;
	struct kms_outputs outputs;
	struct kms_modeset modeset;
	struct kms_leases leases;
	struct kms_hotplug *hotplug;
	struct kms_listener listener;
	void *data;
	GSource *source;
	bool nonblocking; /* as it was asked for */
	bool unread; /* its outputs: the first probe is under way */
	/* kms_device_await(): NULL, nobody waits, or it was told. */
	void (*read)(void *data);
	void *read_data;
	bool probe_untold; /* the listener has yet to hear that a probe is over */
	bool gone_untold; /* the listener has yet to hear that the card is gone */
};

#endif
