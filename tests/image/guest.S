# SPDX-License-Identifier: GPL-2.0-or-later
#
# The smallest guest with a picture: a UEFI program, header and all, that fills its screen with one colour, the middle of it with
# another, and stays. Built by tests/image/test-boot with `as` and `objcopy -O binary`, and put on the guest's disk as
# EFI/BOOT/BOOTX64.EFI. Nothing in it has an absolute address, so it needs no relocations.

	.code64
	.text
image:
	.ascii	"MZ"
	.org	0x3c
	.long	pe - image
pe:
	.ascii	"PE\0\0"
	.short	0x8664			# x86-64
	.short	1			# sections
	.long	0, 0, 0
	.short	sections - optional
	.short	0x0206			# executable, without debug information
optional:
	.short	0x20b			# PE32+
	.byte	0, 0
	.long	0x1000, 0, 0		# sizes of code and of data
	.long	0x1000			# the entry point
	.long	0x1000			# where the code begins
	.quad	0			# image base
	.long	0x1000, 0x200		# alignment in memory, and in the file
	.short	0, 0, 0, 0, 0, 0
	.long	0
	.long	0x2000			# size in memory
	.long	0x200			# size of the headers
	.long	0
	.short	10			# a UEFI application
	.short	0
	.quad	0, 0, 0, 0
	.long	0
	.long	6			# directories, all of them empty
	.quad	0, 0, 0, 0, 0, 0
sections:
	.ascii	".text\0\0\0"
	.long	0x1000, 0x1000		# size and address in memory
	.long	0x400, 0x200		# size and place in the file
	.long	0, 0, 0
	.long	0x60000020		# code, to be read and executed

	# rdx: the system table. Arguments are in rcx, rdx, r8, r9, and then above 32 bytes of the callee's.
	.org	0x200
	sub	$0x88, %rsp
	mov	96(%rdx), %rbx		# boot services
	# A program that stays for five minutes is taken for one that hangs.
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	call	*256(%rbx)		# SetWatchdogTimer
	lea	protocol(%rip), %rcx
	xor	%edx, %edx
	lea	0x78(%rsp), %r8
	call	*320(%rbx)		# LocateProtocol
	test	%rax, %rax
	jnz	stay
	mov	0x78(%rsp), %rsi	# the graphics output
	mov	24(%rsi), %rax		# its mode
	mov	8(%rax), %rax
	mov	4(%rax), %r12d		# width
	mov	8(%rax), %r13d		# height

	movq	$0, 0x28(%rsp)
	movq	$0, 0x30(%rsp)
	mov	%r12, 0x38(%rsp)
	mov	%r13, 0x40(%rsp)
	lea	around(%rip), %rdx
	call	fill
	shr	$1, %r12
	shr	$1, %r13
	mov	%r12, 0x38(%rsp)
	mov	%r13, 0x40(%rsp)
	shr	$1, %r12
	shr	$1, %r13
	mov	%r12, 0x28(%rsp)
	mov	%r13, 0x30(%rsp)
	lea	middle(%rip), %rdx
	call	fill
stay:
	mov	$1000000, %ecx		# microseconds
	call	*248(%rbx)		# Stall
	jmp	stay

	# Blt with EfiBltVideoFill; the rectangle is the caller's fifth argument and on, of which we make a copy for the callee.
fill:
	sub	$0x58, %rsp
	mov	%rsi, %rcx
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	movq	$0, 0x20(%rsp)
	mov	0x88(%rsp), %rax
	mov	%rax, 0x28(%rsp)
	mov	0x90(%rsp), %rax
	mov	%rax, 0x30(%rsp)
	mov	0x98(%rsp), %rax
	mov	%rax, 0x38(%rsp)
	mov	0xa0(%rsp), %rax
	mov	%rax, 0x40(%rsp)
	movq	$0, 0x48(%rsp)
	call	*16(%rsi)
	add	$0x58, %rsp
	ret

protocol:				# of the graphics output
	.long	0x9042a9de
	.short	0x23dc, 0x4a38
	.byte	0x96, 0xfb, 0x7a, 0xde, 0xd0, 0x80, 0x51, 0x6a
around:					# blue, green, red
	.byte	0x3e, 0x8a, 0x2b, 0
middle:
	.byte	0x20, 0xc0, 0xf0, 0
	.org	0x600
