/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The exact words, with file and line, when something is wrong in the configuration or on the
 * command line.
 */
#include "config_fixture.h"

struct fault {
	const char *name;
	const char *text;
	const char *message;
};

static const struct fault faults[] = {
	{"unknown-key", "[guest kiosk]\nvmm-sokcet=/a\n",
		"scanoutd.conf:2: unknown key \"vmm-sokcet\" in [guest kiosk]; did you mean "
		"\"vmm-socket\"?"},
	{"unknown-key-unlike-any", "[daemon]\ncolour=red\n",
		"scanoutd.conf:2: unknown key \"colour\" in [daemon]"},
	/* Four letters of ten are another word, … */
	{"unknown-key-somewhat-like", "[guest kiosk]\nvmm-packer=/a\n",
		"scanoutd.conf:2: unknown key \"vmm-packer\" in [guest kiosk]"},
	/* … and so is one of two; two of ten are slips, two of five are not. */
	{"unknown-key-short", "[daemon]\nvm=1\n[guest a]\nvt=1\n",
		"scanoutd.conf:2: unknown key \"vm\" in [daemon]\n"
		"scanoutd.conf:4: unknown key \"vt\" in [guest a]"},
	{"unknown-key-two-slips", "[guest a]\nvmm-sokcte=/a\nmdoee=1\n",
		"scanoutd.conf:2: unknown key \"vmm-sokcte\" in [guest a]; did you mean "
		"\"vmm-socket\"?\n"
		"scanoutd.conf:3: unknown key \"mdoee\" in [guest a]"},
	{"key-of-another-section", "[daemon]\nscaling=fit\n",
		"scanoutd.conf:2: unknown key \"scaling\" in [daemon]"},
	{"unknown-section", "\n[gest kiosk]\nvm=a\nvm=b\n",
		"scanoutd.conf:2: unknown section [gest kiosk]; did you mean [guest kiosk]?\n"
		"scanoutd.conf:4: key \"vm\" is given twice in [gest kiosk]; first on line 3"},
	{"unknown-section-unlike-any", "[network]\n", "scanoutd.conf:1: unknown section [network]"},
	{"key-twice", "[daemon]\ncard=a\n# between\ncard=b\n",
		"scanoutd.conf:4: key \"card\" is given twice in [daemon]; first on line 2"},
	{"section-twice", "[guest a]\n[guest b]\n[guest  a]\nfoo=bar\n",
		"scanoutd.conf:3: section [guest a] is given twice; first on line 1"},
	{"several", "[daemon]\nvt=x\nlog-level=loud\n[output DP-1]\nscanout=16\n",
		"scanoutd.conf:2: vt=x: must be auto, none or a terminal's number from 1 to 63\n"
		"scanoutd.conf:3: log-level=loud: must be error, warning, notice, info or debug\n"
		"scanoutd.conf:5: scanout=16: must be a whole number from 0 to 15"},
	{"no-section", "card=a\n",
		"scanoutd.conf:1: a section such as [daemon] must come before \"card=a\""},
	{"no-key", "[daemon]\njust words\n",
		"scanoutd.conf:2: neither a section, nor KEY=VALUE, nor a comment: \"just words\""},
	{"empty-key", "[daemon]\n=1\n",
		"scanoutd.conf:2: neither a section, nor KEY=VALUE, nor a comment: \"=1\""},
	{"card-none", "[daemon]\ncard=;\n",
		"scanoutd.conf:2: card=;: must name a card, as /dev/dri/card0"},
	{"cards-of-one-name", "[daemon]\ncard=/a/card0;/b/card1; /c/card0\n",
		"scanoutd.conf:2: card=/a/card0;/b/card1; /c/card0: names two cards card0: the last "
		"part of each path must differ"},
	{"too-many-cards", "[daemon]\ncard=a;b;c;d;e\n",
		"scanoutd.conf:2: card=a;b;c;d;e: must name at most 4 cards"},
	{"empty-value", "[daemon]\ncard=\n", "scanoutd.conf:2: key \"card\" has no value"},
	{"open-section", "[daemon\n", "scanoutd.conf:1: a section ends with \"]\": \"[daemon\""},
	{"behind-section", "[daemon] card=a\n",
		"scanoutd.conf:1: a section ends with \"]\": \"[daemon] card=a\""},
	{"bracket-in-section", "[guest [a]]\n",
		"scanoutd.conf:1: [guest [a]] is no section's name"},
	{"empty-section", "[]\n", "scanoutd.conf:1: [] is no section's name"},
	{"guest-without-name", "[guest]\nvm=a\n",
		"scanoutd.conf:1: section [guest] needs a name: [guest NAME]"},
	{"output-without-name", "[output]\n",
		"scanoutd.conf:1: section [output] needs a name: [output NAME]"},
	{"daemon-with-name", "[daemon a]\n",
		"scanoutd.conf:1: section [daemon] has no name: [daemon]"},
	{"guest-name", "[guest ../a]\n",
		"scanoutd.conf:1: [guest ../a]: the name must be 1 to 64 letters, digits, dots, dashes "
		"or underscores, and begin with no dot or dash"},
	{"escape", "[daemon]\ncard=C:\\dev\n",
		"scanoutd.conf:2: key \"card\": a backslash is written \\\\; before s, n, t and r it has "
		"its own meaning"},
	{"escape-at-end", "[daemon]\ncard=a\\\n",
		"scanoutd.conf:2: key \"card\": a backslash is written \\\\; before s, n, t and r it has "
		"its own meaning"},
	{"not-utf-8", "[daemon]\ncard=\xff\n", "scanoutd.conf:2: not UTF-8 text"},
	{"place", "[guest a]\nscaling=centre\n",
		"scanoutd.conf:2: scaling=centre: must be none, center, fit, fill or integer; did you mean "
		"center?"},
	{"answers", "[guest a]\nanswers=copy\n",
		"scanoutd.conf:2: answers=copy: must be flip, copied or auto"},
	{"firmware", "[guest a]\nfirmware=shown\n",
		"scanoutd.conf:2: firmware=shown: must be hide or show; did you mean show?"},
	{"answers-typo", "[guest a]\nanswers=copeid\n",
		"scanoutd.conf:2: answers=copeid: must be flip, copied or auto; did you mean copied?"},
	{"before", "[guest a]\nbefore=blakc\n",
		"scanoutd.conf:2: before=blakc: must be black, last, card, a colour as #1a2b3c, or the path of a PNG as /etc/scanoutd/splash.png; did you mean "
		"black?"},
	{"color-short", "[guest a]\nbefore=#fff\n",
		"scanoutd.conf:2: before=#fff: must be black, last, card, a colour as #1a2b3c, or the path of a PNG as /etc/scanoutd/splash.png"},
	{"color-long", "[guest a]\nafter=#1234567\n",
		"scanoutd.conf:2: after=#1234567: must be black, last, card, a colour as #1a2b3c, or the path of a PNG as /etc/scanoutd/splash.png"},
	{"color-sign", "[guest a]\nfailed=#+12345\n",
		"scanoutd.conf:2: failed=#+12345: must be black, last, card, a colour as #1a2b3c, or the path of a PNG as /etc/scanoutd/splash.png"},
	{"picture-relative", "[guest a]\nbefore=splash.png\n",
		"scanoutd.conf:2: before=splash.png: must be black, last, card, a colour as #1a2b3c, or the path of a PNG as /etc/scanoutd/splash.png"},
	{"picture", "[output DP-1]\npicture=crad\n",
		"scanoutd.conf:2: picture=crad: must be black, last, card, a colour as #1a2b3c, or the path of a PNG as /etc/scanoutd/splash.png; did you mean card?"},
	{"picture-with-guest", "[guest a]\n[output DP-1]\nguest=a\npicture=card\n",
		"scanoutd.conf:2: [output DP-1]: picture= is for an output without guest= and scanout=; a guest's pictures are before=, after= and failed="},
	{"picture-with-scanout", "[output DP-1]\nscanout=1\npicture=card\n",
		"scanoutd.conf:1: [output DP-1]: picture= is for an output without guest= and scanout=; a guest's pictures are before=, after= and failed="},
	{"picture-off", "[output DP-1]\nmode=off\npicture=card\n",
		"scanoutd.conf:1: [output DP-1]: picture= has nothing to show with mode=off"},
	{"mode", "[output DP-1]\nmode=large\n",
		"scanoutd.conf:2: mode=large: must be off or a mode; \"large\" is no mode"},
	{"guest-mode-off", "[guest a]\nmode=off\n",
		"scanoutd.conf:2: mode=off: an output is turned off in its own section, [output NAME]"},
	{"duration-without-unit", "[guest a]\nblank-after=2\n",
		"scanoutd.conf:2: blank-after=2: must be never, or a whole number with ms, s, min or "
		"h, as 2s, of at most 30 days"},
	{"duration-without-number", "[guest a]\noff-after=s\n",
		"scanoutd.conf:2: off-after=s: must be never, or a whole number with ms, s, min or h, "
		"as 2s, of at most 30 days"},
	{"duration-negative", "[guest a]\nidle-off=-1s\n",
		"scanoutd.conf:2: idle-off=-1s: must be never, or a whole number with ms, s, min or "
		"h, as 2s, of at most 30 days"},
	{"duration-too-long", "[guest a]\nidle-off=721h\n",
		"scanoutd.conf:2: idle-off=721h: must be never, or a whole number with ms, s, min or "
		"h, as 2s, of at most 30 days"},
	{"no-name-in-list", "[output ;]\n", "scanoutd.conf:1: [output ;]: names no output"},
	{"name-twice-in-list", "[output DP-1; DP-2;DP-1]\n",
		"scanoutd.conf:1: [output DP-1; DP-2;DP-1]: names DP-1 twice"},
	{"shown-and-off", "[guest a]\n[output DP-1;DP-2]\nguest=a\n[output DP-2]\nmode=off\n",
		"scanoutd.conf:4: [output DP-2]: [output DP-1;DP-2] has other settings for DP-2"},
	{"two-looks", "[output DP-1]\nscaling=fit\n[output DP-2;DP-1]\nscaling=none\n",
		"scanoutd.conf:3: [output DP-2;DP-1]: [output DP-1] has other settings for DP-1"},
	{"transform", "[output DP-1]\ntransform=flipped90\n",
		"scanoutd.conf:2: transform=flipped90: must be auto, normal, 90, 180, 270, flipped, "
		"flipped-90, flipped-180 or flipped-270; did you mean flipped-90?"},
	{"transform-of-a-guest", "[guest a]\ntransform=90\n",
		"scanoutd.conf:2: unknown key \"transform\" in [guest a]"},
	{"background-name", "[output DP-1]\nbackground=black\n",
		"scanoutd.conf:2: background=black: must be a colour as #RRGGBB, two hexadecimal "
		"digits each for red, green and blue"},
	{"background-short", "[output DP-1]\nbackground=#fff\n",
		"scanoutd.conf:2: background=#fff: must be a colour as #RRGGBB, two hexadecimal "
		"digits each for red, green and blue"},
	{"background-no-digit", "[output DP-1]\nbackground=#12345g\n",
		"scanoutd.conf:2: background=#12345g: must be a colour as #RRGGBB, two hexadecimal "
		"digits each for red, green and blue"},
	{"background-sign", "[output DP-1]\nbackground=#+12345\n",
		"scanoutd.conf:2: background=#+12345: must be a colour as #RRGGBB, two hexadecimal "
		"digits each for red, green and blue"},
	{"on-hours", "[output DP-1]\non-hours=7:00-22:30\n",
		"scanoutd.conf:2: on-hours=7:00-22:30: must be times of day as 07:00-22:30, or up to 8 "
		"of them separated by semicolons"},
	{"layer-size", "[layer a]\nsize=640\n",
		"scanoutd.conf:2: size=640: must be WIDTHxHEIGHT in pixels, each from 1 to 16384"},
	{"layer-size-none", "[layer a]\nsize=0x480\n",
		"scanoutd.conf:2: size=0x480: must be WIDTHxHEIGHT in pixels, each from 1 to 16384"},
	{"layer-opacity", "[layer a]\nopacity=1.5\n",
		"scanoutd.conf:2: opacity=1.5: must be a number from 0 (not seen) to 1 (opaque), or from 0% to 100%"},
	{"layer-opacity-percent", "[layer a]\nopacity=101%\n",
		"scanoutd.conf:2: opacity=101%: must be a number from 0 (not seen) to 1 (opaque), or from 0% to 100%"},
	{"layer-opacity-nan", "[layer a]\nopacity=nan\n",
		"scanoutd.conf:2: opacity=nan: must be a number from 0 (not seen) to 1 (opaque), or from 0% to 100%"},
	{"layer-z", "[layer a]\nz=-1\n",
		"scanoutd.conf:2: z=-1: must be a whole number from 0 to 1000"},
	{"layer-position", "[layer a]\nposition=-1,0\n",
		"scanoutd.conf:2: position=-1,0: must be X,Y in pixels, each from 0 to 65535"},
	{"layer-name", "[layer a b]\n",
		"scanoutd.conf:1: [layer a b]: the name must be 1 to 64 letters, digits, dots, dashes "
		"or underscores, and begin with no dot or dash"},
	{"layer-no-output", "[layer a]\nscanout=1\n",
		"scanoutd.conf:1: [layer a]: output= is needed: the output that it lies on, as DP-1"},
	{"layer-empty-output", "[layer a]\nscanout=1\noutput=;\n",
		"scanoutd.conf:1: [layer a]: output= is needed: the output that it lies on, as DP-1"},
	{"layer-no-source", "[layer a]\noutput=DP-1\n",
		"scanoutd.conf:1: [layer a]: guest=, scanout= or picture= is needed: what it "
		"shows"},
	{"layer-two-sources", "[layer a]\noutput=DP-1\nscanout=0\npicture=card\n",
		"scanoutd.conf:1: [layer a]: use only one of picture= and guest= (with scanout=)"},
	{"layer-last", "[layer a]\noutput=DP-1\npicture=last\n",
		"scanoutd.conf:1: [layer a]: picture=last has nothing to show: it never had another"},
	{"layer-guest", "[guest ivi]\n[layer a]\noutput=DP-1\nguest=ivy\n",
		"scanoutd.conf:2: [layer a]: guest=ivy: there is no [guest ivy]; did you mean ivi?"},
	{"layer-which-guest", "[guest a]\n[guest b]\n[layer a]\noutput=DP-1\nscanout=0\n",
		"scanoutd.conf:3: [layer a]: guest= is needed where there are several"},
	{"layer-layout", "[layout day]\n[layer a]\noutput=DP-1\nscanout=0\nlayout=night\n",
		"scanoutd.conf:2: [layer a]: layout=night: there is no [layout night]"},
	{"layer-twice",
		"[layout day]\n[layer a]\noutput=DP-1\nscanout=0\nlayout=day\n"
		"[layer a]\noutput=DP-1\nscanout=1\n",
		"scanoutd.conf:6: [layer a]: the section on scanoutd.conf:2 counts in layout day, too; "
		"say in which layouts each does, by layout="},
	{"layer-off", "[output DP-1]\nmode=off\n[layer a]\noutput=DP-2;DP-1\nscanout=0\n",
		"scanoutd.conf:3: [layer a]: output=DP-2;DP-1: [output DP-1] has mode=off "
		"(scanoutd.conf:1)"},
	{"layer-too-many",
		"[layer a]\noutput=D\npicture=card\n[layer b]\noutput=D\npicture=card\n"
		"[layer c]\noutput=D\npicture=card\n[layer d]\noutput=D\npicture=card\n"
		"[layer e]\noutput=D\npicture=card\n[layer f]\noutput=D\npicture=card\n"
		"[layer g]\noutput=D\npicture=card\n",
		"scanoutd.conf:19: [layer g]: output D has 6 layers already, and can have no more"},
	{"vrr", "[output DP-1]\nvrr=yes\n",
		"scanoutd.conf:2: vrr=yes: must be off, auto or always"},
	{"max-bpc", "[output DP-1]\nmax-bpc=17\n",
		"scanoutd.conf:2: max-bpc=17: must be a whole number from 6 to 16"},
	{"max-bpc-two", "[output DP-1]\nmax-bpc=8,8\n",
		"scanoutd.conf:2: max-bpc=8,8: must be a whole number from 6 to 16"},
	{"content-type", "[output DP-1]\ncontent-type=games\n",
		"scanoutd.conf:2: content-type=games: must be no-data, graphics, photo, cinema or "
		"game; did you mean game?"},
	{"underscan-border", "[output DP-1]\nunderscan-border=40\n",
		"scanoutd.conf:2: underscan-border=40: must be 2 whole numbers from 0 to 128, "
		"separated by commas"},
	{"margins", "[output DP-1]\nmargins=1,2,3,101\n",
		"scanoutd.conf:2: margins=1,2,3,101: must be 4 whole numbers from 0 to 100, separated "
		"by commas"},
	{"margins-five", "[output DP-1]\nmargins=1,2,3,4,5\n",
		"scanoutd.conf:2: margins=1,2,3,4,5: must be 4 whole numbers from 0 to 100, separated "
		"by commas"},
	{"setting-of-a-guest", "[guest a]\nunderscan=on\n",
		"scanoutd.conf:2: unknown key \"underscan\" in [guest a]"},
	{"position", "[output DP-1]\nposition=0x0\n",
		"scanoutd.conf:2: position=0x0: must be X,Y in pixels, each from 0 to 65535"},
	{"position-negative", "[output DP-1]\nposition=-1,0\n",
		"scanoutd.conf:2: position=-1,0: must be X,Y in pixels, each from 0 to 65535"},
	{"number", "[daemon]\nflip-timeout=5s\n",
		"scanoutd.conf:2: flip-timeout=5s: must be a whole number from 100 to 600000"},
	{"display-fd", "[guest a]\ndisplay-fd=-1\n",
		"scanoutd.conf:2: display-fd=-1: must be a whole number from 0 to 65535"},
	{"last-line-without-newline", "[daemon]\ncard=a\ncard=b",
		"scanoutd.conf:3: key \"card\" is given twice in [daemon]; first on line 2"},
	{"combination", "[input]\nnever-pass=Ctrl+Alt+Dele\n",
		"scanoutd.conf:2: never-pass=Ctrl+Alt+Dele: \"Dele\" is no key; keys are joined by "
		"\"+\", as in Ctrl+Alt+Delete"},
	{"two-keys", "[input]\nquit-key=Ctrl+A+B\n",
		"scanoutd.conf:2: quit-key=Ctrl+A+B: \"B\" is a second key; but for modifiers there is "
		"one"},
	{"modifiers", "[input]\nswitch-guest=Ctrl+A\n",
		"scanoutd.conf:2: switch-guest=Ctrl+A: must be none or modifiers alone, as Ctrl+Alt"},
	{"seat", "[input]\nseat=0\n",
		"scanoutd.conf:2: seat=0: must be none or the name of a seat, as seat0"},
	{"input-with-name", "[input a]\n", "scanoutd.conf:1: section [input] has no name: [input]"},
	{"input-kinds", "[guest a]\ninput=keyboard;mouse\n",
		"scanoutd.conf:2: input=keyboard;mouse: must be none, or some of keyboard, pointer, "
		"absolute, touch and pen, separated by semicolons"},
	{"device-type", "[device a]\nmatch-type=mouse\n",
		"scanoutd.conf:2: match-type=mouse: must be keyboard, pointer, touch, tablet or "
		"switch"},
	{"choice", "[device a]\ntap=on\n", "scanoutd.conf:2: tap=on: must be yes or no"},
	{"acceleration", "[device a]\nacceleration=2\n",
		"scanoutd.conf:2: acceleration=2: must be a number from -1 to 1"},
	{"calibration", "[device a]\ncalibration=1 0 0 0 1\n",
		"scanoutd.conf:2: calibration=1 0 0 0 1: must be 0, 90, 180 or 270, or the six numbers "
		"of a matrix, as 0 -1 1 1 0 0, or its nine"},
	{"calibration-seven", "[device a]\ncalibration=1 0 0 0 1 0 0\n",
		"scanoutd.conf:2: calibration=1 0 0 0 1 0 0: must be 0, 90, 180 or 270, or the six "
		"numbers of a matrix, as 0 -1 1 1 0 0, or its nine"},
	{"calibration-ten", "[device a]\ncalibration=1 0 0 0 1 0 0 0 1 0\n",
		"scanoutd.conf:2: calibration=1 0 0 0 1 0 0 0 1 0: must be 0, 90, 180 or 270, or the "
		"six numbers of a matrix, as 0 -1 1 1 0 0, or its nine"},
	{"calibration-words", "[device a]\ncalibration=1;0;0;0;1;0\n",
		"scanoutd.conf:2: calibration=1;0;0;0;1;0: must be 0, 90, 180 or 270, or the six "
		"numbers of a matrix, as 0 -1 1 1 0 0, or its nine"},
	{"calibration-no-number", "[device a]\ncalibration=1,0,0,0,1,inf\n",
		"scanoutd.conf:2: calibration=1,0,0,0,1,inf: must be 0, 90, 180 or 270, or the six "
		"numbers of a matrix, as 0 -1 1 1 0 0, or its nine"},
	{"calibration-not-affine", "[device a]\ncalibration=1 0 0 0 1 0 0.1 0 1\n",
		"scanoutd.conf:2: calibration=1 0 0 0 1 0 0.1 0 1: of nine numbers the last three must "
		"be 0 0 1, as in 0 -1 1 1 0 0 0 0 1"},
	{"force-on", "[output DP-1]\nforce-on=true\n",
		"scanoutd.conf:2: force-on=true: must be yes or no"},
	{"device-guest", "[guest kiosk]\n[device a]\nguest=kisok\n",
		"scanoutd.conf:2: [device a]: guest=kisok: there is no [guest kisok]; did you mean "
		"kiosk?"},
	{"passthrough", "[device a]\npassthrough=yes\n",
		"scanoutd.conf:1: [device a]: passthrough=yes needs guest=: whose it is"},
	{"passthrough-name", "[guest a]\n[device touchy]\npassthrough=yes\nguest=a\n",
		"scanoutd.conf:2: [device touchy]: a device with passthrough=yes needs another name: "
		"its socket would be that of the machine's own"},
	{"passthrough-seat",
		"[input]\nseat=none\n[guest a]\n[device wheel]\npassthrough=yes\nguest=a\n",
		"scanoutd.conf:4: [device wheel]: passthrough=yes needs a seat= in [input], not none: "
		"udev tells when the device is there"},
	{"passthrough-socket",
		"[guest a]\ndisplay-fd=3\n[device wheel]\npassthrough=yes\nguest=a\n",
		"scanoutd.conf:3: [device wheel]: passthrough=yes needs input-prefix= in [guest a], "
		"which has no socket"},
	{"focus", "[guest a]\n[input]\nfocus=b\n", "[input]: focus=b: there is no [guest b]"},
	/* What belongs together is named by the section's line. */
	{"two-doors", "\n[guest a]\nvmm-socket=/a\ndisplay-fd=3\n",
		"scanoutd.conf:2: [guest a]: use only one of vmm-socket= (with backend-socket=), "
		"display-socket= and display-fd="},
	{"stored-guest", "[guest storeds]\n[guest stored]\n",
		"scanoutd.conf:2: [guest stored]: no guest can be called so: the service manager means what has "
		"no name by it"},
	{"no-such-guest", "[guest kiosk]\n[output DP-1]\nguest=kisok\n",
		"scanoutd.conf:2: [output DP-1]: guest=kisok: there is no [guest kisok]; did you mean "
		"kiosk?"},
	{"which-guest", "[guest a]\n[guest b]\n[output DP-1]\n",
		"scanoutd.conf:3: [output DP-1]: guest= is needed where there are several: a, b"},
	/* Layouts. */
	{"layout-without-name", "[layout]\n",
		"scanoutd.conf:1: section [layout] needs a name: [layout NAME]"},
	{"layout-name", "[layout a;b]\n",
		"scanoutd.conf:1: [layout a;b]: the name must be 1 to 64 letters, digits, dots, dashes "
		"or underscores, and begin with no dot or dash"},
	{"layout-misspelt", "[layuot day]\n",
		"scanoutd.conf:1: unknown section [layuot day]; did you mean [layout day]?"},
	{"layout-key", "[layout day]\nwehn=DP-1\n",
		"scanoutd.conf:2: unknown key \"wehn\" in [layout day]; did you mean \"when\"?"},
	{"layout-twice", "[layout day]\n[layout day]\nwhen=DP-1\n",
		"scanoutd.conf:2: section [layout day] is given twice; first on line 1"},
	{"when-nothing", "[layout day]\nwhen= ;;\n", "scanoutd.conf:2: when=;;: names no output"},
	{"when-twice", "[layout day]\nwhen=DP-1;DP-2 ; DP-1\n",
		"scanoutd.conf:2: when=DP-1;DP-2 ; DP-1: names DP-1 twice"},
	{"no-such-layout", "[layout night]\n[output DP-1]\nlayout=nihgt\n",
		"scanoutd.conf:2: [output DP-1]: layout=nihgt: there is no [layout nihgt]; did you mean "
		"night?"},
	{"no-layouts", "[output DP-1]\nlayout=day\n",
		"scanoutd.conf:1: [output DP-1]: layout=day: there is no [layout day]"},
	{"no-such-layout-among-several", "[layout a]\n[output DP-1]\nlayout=a; evening\n",
		"scanoutd.conf:2: [output DP-1]: layout=evening: there is no [layout evening]"},
	{"layout-list-empty", "[output DP-1]\nlayout=;\n",
		"scanoutd.conf:2: layout=;: names no layout"},
	{"layout-list-twice", "[output DP-1]\nlayout=a;a\n",
		"scanoutd.conf:2: layout=a;a: names a twice"},
	{"layout-list-name", "[output DP-1]\nlayout=a;b c\n",
		"scanoutd.conf:2: layout=a;b c: \"b c\" must be 1 to 64 letters, digits, dots, dashes "
		"or underscores, and begin with no dot or dash"},
	{"layout-at-start", "[layout night]\n[daemon]\nlayout=nite\n",
		"scanoutd.conf:3: [daemon]: layout=nite: there is no [layout nite]"},
	{"layout-at-start-misspelt", "[layout night]\n[daemon]\nlayout=nigth\n",
		"scanoutd.conf:3: [daemon]: layout=nigth: there is no [layout nigth]; did you mean "
		"night?"},
	/* An output has one section in each layout. */
	{"output-twice", "[output DP-1]\nmode=off\n[output DP-2]\n[output DP-1]\n",
		"scanoutd.conf:4: section [output DP-1] is given twice; first on line 1"},
	{"output-twice-in-list", "[layout a]\n[output DP-1]\nlayout=a\n[output DP-1]\nlayout=a\n",
		"scanoutd.conf:4: section [output DP-1] is given twice; first on line 2"},
	{"output-in-all-and-one",
		"[layout a]\n[layout b]\n[output DP-1]\n[output DP-1]\nlayout=b\n",
		"scanoutd.conf:4: [output DP-1]: the section on scanoutd.conf:3 counts in layout b, too; say in which "
		"layouts each does, by layout="},
	{"output-in-common",
		"[layout a]\n[layout b]\n[output DP-1]\nlayout=a;b\n"
		"[output DP-1]\nlayout=b\n",
		"scanoutd.conf:5: [output DP-1]: the section on scanoutd.conf:3 counts in layout b, too; say in which "
		"layouts each does, by layout="},
	{"looks-in-common",
		"[layout a]\n[layout b]\n[output DP-1]\nlayout=b\n"
		"[output DP-2;DP-1]\nscaling=none\n",
		"scanoutd.conf:5: [output DP-2;DP-1]: [output DP-1] has other settings for DP-1 in layout "
		"b"},
	{"layer-no-such-layout", "[layout day]\n[layer a]\noutput=DP-1\nscanout=0\nlayout=dya\n",
		"scanoutd.conf:2: [layer a]: layout=dya: there is no [layout dya]; did you mean day?"},
	{"layer-off-in-its-layout",
		"[layout day]\n[layout night]\n[output DP-1]\nlayout=night\nmode=off\n"
		"[layer a]\noutput=DP-1\nlayout=night\nscanout=0\n",
		"scanoutd.conf:6: [layer a]: output=DP-1: [output DP-1] has mode=off (scanoutd.conf:3)"},
	{"same-digits", "[input]\nswitch-guest=Ctrl+Alt\nswitch-layout=Alt+Ctrl\n",
		"scanoutd.conf:3: [input]: switch-layout= and switch-guest= are the same keys: give one "
		"of them other modifiers"},
	{"switch-layout", "[input]\nswitch-layout=F1\n",
		"scanoutd.conf:2: switch-layout=F1: must be none or modifiers alone, as Ctrl+Alt"},
	{"socket-twice", "[guest a]\nvmm-socket=/s\n[guest b]\ndisplay-socket=/s\n",
		"scanoutd.conf:3: [guest b]: display-socket=/s is vmm-socket of [guest a] already"},
	{"socket-spelt-otherwise",
		"[guest a]\nvmm-socket=/run/s\n[guest b]\ndisplay-socket=/run//x/../s\n",
		"scanoutd.conf:3: [guest b]: display-socket=/run//x/../s is vmm-socket of [guest a] "
		"already"},
	{"input-prefix-twice", "[guest a]\ninput-prefix=/run/m\n[guest b]\ninput-prefix=/run/m\n",
		"scanoutd.conf:3: [guest b]: input-prefix=/run/m: /run/m-keyboard.sock is keyboard of "
		"[guest a] already; give another"},
	{"input-socket-is-a-display",
		"[guest a]\ninput=touch\ninput-prefix=/run/m\n[guest b]\nvm=a\n"
		"display-socket=/run/m-touch0.sock\n",
		"scanoutd.conf:1: [guest a]: input-prefix=/run/m: /run/m-touch0.sock is display-socket "
		"of [guest b] already; give another"},
	{"passthrough-socket-twice",
		"[guest a]\nvmm-socket=/run/m-pad.sock\ninput-prefix=/run/m\n"
		"[device pad]\npassthrough=yes\nguest=a\n",
		"scanoutd.conf:4: [device pad]: its socket /run/m-pad.sock is vmm-socket of [guest a] "
		"already"},
	{"match-id-without-colon", "[device a]\nmatch-id=1234\n",
		"scanoutd.conf:2: match-id=1234: must be VENDOR:PRODUCT of four hexadecimal digits "
		"each, as 046d:c077 or 046d:*"},
	{"match-id-no-digits", "[device a]\nmatch-id=zz:yy\n",
		"scanoutd.conf:2: match-id=zz:yy: must be VENDOR:PRODUCT of four hexadecimal digits "
		"each, as 046d:c077 or 046d:*"},
	{"match-id-short", "[device a]\nmatch-id=46d:c077\n",
		"scanoutd.conf:2: match-id=46d:c077: must be VENDOR:PRODUCT of four hexadecimal digits "
		"each, as 046d:c077 or 046d:*"},
	{"match-id-long", "[device a]\nmatch-id=046d:0c077*\n",
		"scanoutd.conf:2: match-id=046d:0c077*: must be VENDOR:PRODUCT of four hexadecimal "
		"digits each, as 046d:c077 or 046d:*"},
	{"device-output", "[device a]\noutput=left\n",
		"scanoutd.conf:2: output=left: must be a connector, as DP-1, or a monitor's make, model "
		"and serial number"},
	{"device-output-number", "[device a]\noutput=DP-\n",
		"scanoutd.conf:2: output=DP-: must be a connector, as DP-1, or a monitor's make, model "
		"and serial number"},
	{"socket-too-long",
		"[guest a]\n"
		"display-socket=/1234567890/1234567890/1234567890/1234567890/1234567890/1234567890/"
		"1234567890/1234567890/1234567890/12345678\n",
		"scanoutd.conf:1: [guest a]: "
		"display-socket=/1234567890/1234567890/1234567890/1234567890/1234567890/1234567890/"
		"1234567890/1234567890/1234567890/12345678: a socket's path has at most 107 bytes"},
};

static void test_fault(struct config_fixture *fixture, gconstpointer data)
{
	const struct fault *fault = data;

	config_fixture_write(fixture, fault->text);
	config_fixture_expect_error(fixture, "", fault->message);
}

static void test_too_many_scanouts(struct config_fixture *fixture, gconstpointer data)
{
	g_autoptr(GString) text = g_string_new("[guest a]\n");

	for (int i = 0; i < 17; i++)
		g_string_append_printf(text, "[output DP-%d]\nguest=a\n", i);
	config_fixture_write(fixture, text->str);
	config_fixture_expect_error(fixture, "",
		"scanoutd.conf:34: [output DP-16]: guest a has no scanout left: a device has 16");
}

/* Groups are this machine's, and asked about by --check-config alone. */
static void test_unknown_group(struct config_fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *message = NULL;
	struct config *config;

	config_fixture_write(fixture,
		"[guest a]\nsocket-group=root\n[guest b]\nsocket-group=no such group\n");
	config = config_fixture_load(fixture->path, "");
	g_assert_false(config_check_system(config, &error));
	g_assert_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE);
	message = g_strdup_printf(
		"%s:3: [guest b]: socket-group=no such group: there is no group of "
		"that name",
		fixture->path);
	g_assert_cmpstr(error->message, ==, message);
	config_destroy(config);
	config_fixture_write(fixture, "[guest a]\nsocket-group=root\n[guest b]\n");
	config = config_fixture_load(fixture->path, "");
	g_assert_true(config_check_system(config, NULL));
	config_destroy(config);
}

/* "@" stands for the fixture's folder; NULL: all is well. */
static void check_folders(const struct config_fixture *fixture, const char *text,
	const char *complaint)
{
	g_auto(GStrv) text_parts = g_strsplit(text, "@", -1);
	g_autofree char *written = g_strjoinv(fixture->folder, text_parts);
	g_autoptr(GError) error = NULL;
	struct config *config;

	config_fixture_write(fixture, written);
	config = config_fixture_load(fixture->path, "");
	g_assert_cmpint(config_check_system(config, &error), ==, complaint == NULL);
	if (complaint != NULL) {
		g_auto(GStrv) parts = g_strsplit(complaint, "@", -1);
		g_autofree char *expected = g_strjoinv(fixture->folder, parts);

		g_assert_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE);
		g_assert_cmpstr(error->message, ==, expected);
	}
	config_destroy(config);
}

/* So are folders; of the daemon's own, only what keeps it from being made. */
static void test_folders(struct config_fixture *fixture, gconstpointer data)
{
	static const struct {
		const char *runtime;
		const char *text;
		const char *complaint;
	} cases[] = {
		{"/run", "[guest a]\ndisplay-socket=@/a\ninput-prefix=@/a\n", NULL},
		{"/run/to/be/made", "[daemon]\nstats=@/run/to/be/made/x\n[guest a]\n", NULL},
		{"/run", "[guest a]\ndisplay-socket=@/none/a\n",
			"@/scanoutd.conf:1: [guest a]: display-socket=@/none/a: there is no folder "
			"@/none"},
		{"/run", "[guest a]\nvmm-socket=@/none/a\n",
			"@/scanoutd.conf:1: [guest a]: vmm-socket=@/none/a: there is no folder "
			"@/none"},
		{"/run", "[guest a]\ninput-prefix=@/none/a\n",
			"@/scanoutd.conf:1: [guest a]: input-prefix=@/none/a: there is no folder "
			"@/none"},
		{"/run", "[guest a]\ndisplay-socket=@/run-of-another/a\ninput=none\n",
			"@/scanoutd.conf:1: [guest a]: display-socket=@/run-of-another/a: there is "
			"no folder @/run-of-another"},
		{"/run", "[guest a]\ndisplay-socket=@/run/below/a\ninput=none\n",
			"@/scanoutd.conf:1: [guest a]: display-socket=@/run/below/a: there is no "
			"folder @/run/below"},
		{"/run", "[guest a]\nbefore=card\nafter=@/none.png\n",
			"@/scanoutd.conf:1: [guest a]: after=@/none.png: No such file or directory"},
		{"/run", "[output DP-1]\npicture=@/none.png\n",
			"@/scanoutd.conf:1: [output DP-1]: picture=@/none.png: No such file or "
			"directory"},
		{"/run", "[guest a]\nfailed=@/scanoutd.conf\n",
			"@/scanoutd.conf:1: [guest a]: failed=@/scanoutd.conf: is no PNG that can be "
			"read: Not a PNG file"},
		{"/run", "[daemon]\nstats=@/none/x\n",
			"[daemon]: stats=@/none/x: there is no folder @/none"},
		{"/scanoutd.conf/run", "[guest a]\ndisplay-socket=@/scanoutd.conf/run/a\n",
			"@/scanoutd.conf:1: [guest a]: display-socket=@/scanoutd.conf/run/a: the "
			"folder @/scanoutd.conf/run cannot be made: @/scanoutd.conf is none"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *runtime = g_strconcat(fixture->folder, cases[i].runtime, NULL);

		g_setenv("RUNTIME_DIRECTORY", runtime, TRUE);
		check_folders(fixture, cases[i].text, cases[i].complaint);
	}
}

/* What keeps a start from making it is said, and not that it is missing. */
static void test_runtime_folder(struct config_fixture *fixture, gconstpointer data)
{
	g_autofree char *folder = g_strconcat(fixture->path, "/run", NULL);
	g_autofree char *inside = g_strconcat(folder, "/a.sock", NULL);
	g_autofree char *beside = g_strconcat(folder, "-of-another/a.sock", NULL);
	g_autofree char *message = g_strdup_printf("the folder %s cannot be made: Not a directory",
		folder);
	g_autoptr(GError) error = NULL;

	config_fixture_write(fixture, "");
	g_setenv("RUNTIME_DIRECTORY", folder, TRUE);
	g_assert_false(config_make_runtime_folder(inside, &error));
	g_assert_error(error, CONFIG_ERROR, CONFIG_ERROR_FILE);
	g_assert_cmpstr(error->message, ==, message);
	g_assert_true(config_make_runtime_folder(beside, NULL));
	g_assert_true(config_make_runtime_folder(NULL, NULL));
}

struct option_fault {
	const char *name;
	const char *file;
	const char *command_line;
	const char *message;
};

static const struct option_fault option_faults[] = {
	{"several-guests", "[guest a]\n[guest b]\n", "--mode=800x600",
		"--mode is for one guest, and the configuration has 2; say it there"},
	{"two-doors", "", "--vmm-socket=/a --display-fd=3",
		"use only one of --vmm-socket (with --backend-socket), --display-socket and "
		"--display-fd"},
	{"card-and-fd", "", "--card=/dev/dri/card0 --drm-fd=3",
		"use only one of --card and --drm-fd"},
	{"vt-and-no-vt", "", "--vt=3 --no-vt", "use only one of --vt and --no-vt"},
	{"seat-manager", "", "--seat-manager=seatd",
		"--seat-manager=seatd: must be auto, yes or no"},
	{"seat-manager-and-vt", "[daemon]\nvt=3\n", "--seat-manager=yes",
		"use only one of seat-manager=yes and vt=3: a seat manager chooses the "
		"VT"},
	{"mode", "", "--mode=big", "--mode=big: must be off or a mode; \"big\" is no mode"},
	{"mode-off", "", "--mode=off",
		"--mode=off: an output is turned off in its own section, [output NAME]"},
	{"place", "", "--scaling=fitt",
		"--scaling=fitt: must be none, center, fit, fill or integer; did you mean fit?"},
	{"after", "", "--after=gone",
		"--after=gone: must be black, last, card, a colour as #1a2b3c, or the path of a PNG as /etc/scanoutd/splash.png"},
	{"output-twice", "", "--output=DP-1 --output=DP-2 --output=DP-1",
		"--output=DP-1: is given twice"},
	{"log-level", "", "--log-level=warn",
		"--log-level=warn: must be error, warning, notice, info or debug"},
	{"ready-fd", "", "--ready-fd=-2", "--ready-fd=-2: must be an fd's number"},
	{"argument", "", "kiosk", "\"kiosk\" is not an option; see --help"},
	{"unknown", "", "--outptu=DP-1", "Unknown option --outptu=DP-1"},
};

static void test_option_fault(struct config_fixture *fixture, gconstpointer data)
{
	const struct option_fault *fault = data;

	config_fixture_write(fixture, fault->file);
	config_fixture_expect_error(fixture, fault->command_line, fault->message);
}

static void test_missing_file(struct config_fixture *fixture, gconstpointer data)
{
	config_fixture_expect_error(fixture, "",
		"scanoutd.conf: cannot be read: No such file or directory");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/config/missing-file", struct config_fixture, NULL, config_fixture_set_up,
		test_missing_file, config_fixture_tear_down);
	g_test_add("/config/unknown-group", struct config_fixture, NULL, config_fixture_set_up,
		test_unknown_group, config_fixture_tear_down);
	g_test_add("/config/fault/folders", struct config_fixture, NULL, config_fixture_set_up,
		test_folders, config_fixture_tear_down);
	g_test_add("/config/fault/runtime-folder", struct config_fixture, NULL,
		config_fixture_set_up, test_runtime_folder, config_fixture_tear_down);
	g_test_add("/config/too-many-scanouts", struct config_fixture, NULL, config_fixture_set_up,
		test_too_many_scanouts, config_fixture_tear_down);
	for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
		g_autofree char *path = g_strconcat("/config/fault/", faults[i].name, NULL);

		g_test_add(path, struct config_fixture, &faults[i], config_fixture_set_up,
			test_fault, config_fixture_tear_down);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(option_faults); i++) {
		g_autofree char *path = g_strconcat("/config/option/", option_faults[i].name, NULL);

		g_test_add(path, struct config_fixture, &option_faults[i], config_fixture_set_up,
			test_option_fault, config_fixture_tear_down);
	}
	return g_test_run();
}
