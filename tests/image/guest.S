# SPDX-License-Identifier: GPL-2.0-or-later
#
# The beginning of the smallest guest: what QEMU's -kernel takes for Linux, and the way from there, in real mode, to guest.c, in
# protected mode with flat segments. Built by build_guest (library.sh): .setup is to lie at 0x10000 and .text at 0x100000, where
# the boot protocol of x86 puts a kernel's two parts.

	.section .setup, "ax"
	.code16
begin:
	.org	0x1f1
	.byte	1			# sectors behind the first
	.short	0
	.long	0			# the size: QEMU goes by the file's
	.short	0, 0, 0
	.short	0xaa55
	jmp	setup
	.ascii	"HdrS"
	.short	0x0204			# version of the protocol
	.long	0
	.short	0, 0
	.byte	0
	.byte	0x01			# the second part lies above 1 MiB
	.short	0
	.long	0x100000
	.long	0, 0, 0
	.short	0, 0
	.globl	command_line
command_line:
	.long	0
	.long	0x37ffffff

	# Data segments are where this part lies, the code segment is 0x20 above.
setup:
	cli
	lgdtl	segments - begin
	mov	%cr0, %eax
	or	$1, %al
	mov	%eax, %cr0
	ljmpl	$8, $entry

	.balign	8
table:
	.quad	0
	.quad	0x00cf9a000000ffff	# code
	.quad	0x00cf92000000ffff	# data
segments:
	.short	segments - table - 1
	.long	table
	.org	0x400

	.text
	.code32
	.globl	entry
entry:
	mov	$16, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	$0x90000, %esp
	cld
	mov	$__bss_start, %edi
	mov	$_end, %ecx
	sub	%edi, %ecx
	xor	%eax, %eax
	rep stosb
	call	guest
stay:
	cli
	hlt
	jmp	stay

	.section .note.GNU-stack, "", @progbits
