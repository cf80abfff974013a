/* SPDX-License-Identifier: GPL-2.0-or-later */
/* seatd, killed, stopped for a while or silent for ever at each byte that it says: cut_seat.h. */
#include "cut_seat.h"

int main(int argc, char **argv)
{
	static const struct cut_seat_manager manager = {"seatd", seatd_double_start,
		seatd_double_probe, true};

	return cut_seat_run(argc, argv, &manager);
}
