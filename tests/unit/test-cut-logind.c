/* SPDX-License-Identifier: GPL-2.0-or-later */
/* logind, killed, stopped for a while or silent for ever before and in each message: cut_seat.h. */
#include "cut_seat.h"
#include "logind_double.h"

int main(int argc, char **argv)
{
	static const struct cut_seat_manager manager = {"logind", logind_double_start,
		logind_double_prepare, false};

	return cut_seat_run(argc, argv, &manager);
}
