// SPDX-License-Identifier: GPL-2.0-or-later
//! rust-speaker SOCKET LOOK: speaks to a display socket of the daemon by rust-vmm's GpuBackend, which
//! nobody of this project wrote. Sends every message that it has, and judges the replies with what the
//! crate itself judges: header, order, size. Where a picture is to be on the CRTC, `LOOK NAME` is run:
//! it ends well when that picture is there.
//!
//! Called by tests/daemon/test-rust-speaker, which knows the same pictures by these names. The monitor
//! is 1024×768, the guest's only one.

use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::process::Command;

use vhost::vhost_user::gpu_message::*;
use vhost::vhost_user::message::VhostUserU64;
use vhost::vhost_user::GpuBackend;

const WIDTH: u32 = 1024;
const HEIGHT: u32 = 768;
const NO_SCANOUT: u32 = 5;

/// Protocol features. The crate's own constants are the bits' numbers, not the bits.
const FEATURE_EDID: u64 = 1 << 0;
const FEATURE_DMABUF2: u64 = 1 << 1;

const RESP_OK_DISPLAY_INFO: u32 = 0x1101;
const RESP_OK_EDID: u32 = 0x1104;

const FOURCC_XR24: u32 = u32::from_le_bytes(*b"XR24");
const MODIFIER_LINEAR: u64 = 0;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Fails with a word on what was not as it must be.
fn must(holds: bool, what: &str) -> Result<()> {
    if holds {
        Ok(())
    } else {
        Err(what.into())
    }
}

/// The pixel of pattern_pixel() in tests/pattern.h.
fn pattern_pixel(seed: u32, x: u32, y: u32) -> u32 {
    let hash = seed.wrapping_mul(2654435761);
    let red = (hash >> 24) ^ (x & 0xff);
    let green = ((hash >> 16) & 0xff) ^ (y & 0xff);
    let blue = ((hash >> 8) & 0xff) ^ (((x + 2 * y) >> 3) & 0xff);

    if x % 64 == 0 || y % 64 == 0 {
        0xffffff ^ (hash & 0x3f3f3f)
    } else {
        red << 16 | green << 8 | blue
    }
}

/// The pixel of pattern_cursor_pixel() there.
fn pattern_cursor_pixel(seed: u32, x: u32, y: u32) -> u32 {
    let color = seed.wrapping_mul(2654435761) >> 8;

    if x > 40 || y > 60 || x > y {
        0
    } else if x == 0 || x == y {
        0x80000000 | ((color >> 1) & 0x7f7f7f)
    } else {
        0xff000000 | color
    }
}

/// Rows of pixels, packed, of the rectangle's part of a picture whose origin is the scanout's.
fn pixels(x: u32, y: u32, width: u32, height: u32, pixel: impl Fn(u32, u32) -> u32) -> Vec<u8> {
    let mut bytes = Vec::with_capacity((width * height * 4) as usize);

    for row in y..y + height {
        for column in x..x + width {
            bytes.extend_from_slice(&pixel(column, row).to_ne_bytes());
        }
    }
    bytes
}

#[repr(C)]
struct UdmabufCreate {
    memfd: u32,
    flags: u32,
    offset: u64,
    size: u64,
}

/// linux/udmabuf.h: _IOW('u', 0x42, struct udmabuf_create)
const UDMABUF_CREATE: u64 = 0x40187542;

/// A dma-buf of a whole picture. Its memory is drawn before; nobody draws later.
fn make_dmabuf(seed: u32) -> Result<File> {
    let bytes = pixels(0, 0, WIDTH, HEIGHT, |x, y| pattern_pixel(seed, x, y));
    let device = OpenOptions::new().read(true).write(true).open("/dev/udmabuf")?;
    // SAFETY: calls of the kernel that take numbers and a string or a struct that lives; the fds that
    // they return are nobody else's.
    unsafe {
        let memfd = libc::memfd_create(c"picture".as_ptr(), libc::MFD_ALLOW_SEALING);
        must(memfd >= 0, "memfd_create")?;
        let memory = File::from_raw_fd(memfd);
        memory.write_all_at(&bytes, 0)?;
        if libc::fcntl(memory.as_raw_fd(), libc::F_ADD_SEALS, libc::F_SEAL_SHRINK) < 0 {
            return Err(io::Error::last_os_error().into());
        }
        let create = UdmabufCreate {
            memfd: memory.as_raw_fd() as u32,
            flags: 0,
            offset: 0,
            size: bytes.len() as u64,
        };
        let fd = libc::ioctl(device.as_raw_fd(), UDMABUF_CREATE, &create);
        if fd < 0 {
            return Err(io::Error::last_os_error().into());
        }
        Ok(File::from_raw_fd(fd))
    }
}

struct Speaker {
    gpu: GpuBackend,
    look: String,
}

impl Speaker {
    fn look(&self, name: &str) -> Result<()> {
        println!("looking for {name}");
        must(
            Command::new(&self.look).arg(name).status()?.success(),
            &format!("the picture {name} does not come"),
        )
    }

    fn negotiate(&self) -> Result<()> {
        let offered = self.gpu.get_protocol_features()?.value;
        must(
            offered == FEATURE_EDID | FEATURE_DMABUF2,
            &format!("protocol features {offered:#x}"),
        )?;
        Ok(self.gpu.set_protocol_features(&VhostUserU64::new(offered))?)
    }

    fn ask_displays(&self) -> Result<()> {
        let info = self.gpu.get_display_info()?;
        let first = info.pmodes[0];

        must(info.hdr.type_ == RESP_OK_DISPLAY_INFO, "display info: its type")?;
        must(
            (first.enabled, first.r.width, first.r.height) == (1, WIDTH, HEIGHT),
            &format!("display info: {first:?}"),
        )?;
        must(
            info.pmodes[1..].iter().all(|mode| mode.enabled == 0),
            "display info: more than one scanout",
        )
    }

    fn ask_edid(&self) -> Result<()> {
        const MAGIC: [u8; 8] = [0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0];
        let answer = self.gpu.get_edid(&VhostUserGpuEdidRequest { scanout_id: 0 })?;
        let size = answer.size as usize;

        must(answer.hdr.type_ == RESP_OK_EDID, "EDID: its type")?;
        must(
            size >= 128 && size % 128 == 0 && size <= answer.edid.len(),
            &format!("EDID: {size} bytes"),
        )?;
        must(answer.edid[..8] == MAGIC, "EDID: its first bytes")?;
        for block in answer.edid[..size].chunks(128) {
            let sum = block.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
            must(sum == 0, "EDID: a checksum")?;
        }

        let none = self.gpu.get_edid(&VhostUserGpuEdidRequest {
            scanout_id: NO_SCANOUT,
        })?;
        must(none.size == 0, "EDID: of a scanout that is not there")
    }

    fn update(&self, seed: u32, x: u32, y: u32, width: u32, height: u32) -> Result<()> {
        let update = VhostUserGpuUpdate {
            scanout_id: 0,
            x,
            y,
            width,
            height,
        };
        let data = pixels(x, y, width, height, |x, y| pattern_pixel(seed, x, y));

        Ok(self.gpu.update_scanout(&update, &data)?)
    }

    fn show_pixels(&self) -> Result<()> {
        self.gpu.set_scanout(&VhostUserGpuScanout {
            scanout_id: 0,
            width: WIDTH,
            height: HEIGHT,
        })?;
        self.update(1, 0, 0, WIDTH, HEIGHT)?;
        self.look("pixels")?;
        self.update(2, 100, 60, 300, 200)?;
        self.look("damage")
    }

    fn flip(&self) -> Result<()> {
        Ok(self.gpu.update_dmabuf_scanout(&VhostUserGpuUpdate {
            scanout_id: 0,
            x: 0,
            y: 0,
            width: WIDTH,
            height: HEIGHT,
        })?)
    }

    fn show_dmabufs(&self) -> Result<()> {
        let scanout = VhostUserGpuDMABUFScanout {
            scanout_id: 0,
            x: 0,
            y: 0,
            width: WIDTH,
            height: HEIGHT,
            fd_width: WIDTH,
            fd_height: HEIGHT,
            fd_stride: WIDTH * 4,
            fd_flags: 0,
            fd_drm_fourcc: FOURCC_XR24,
        };
        let first = make_dmabuf(3)?;
        let second = make_dmabuf(4)?;

        self.gpu.set_dmabuf_scanout(&scanout, Some(&first))?;
        self.flip()?;
        self.look("dmabuf")?;
        self.gpu.set_dmabuf_scanout2(
            &VhostUserGpuDMABUFScanout2 {
                dmabuf_scanout: scanout,
                modifier: MODIFIER_LINEAR,
            },
            Some(&second),
        )?;
        for _ in 0..10 {
            self.flip()?;
        }
        self.look("dmabuf2")
    }

    fn move_cursor(&self) -> Result<()> {
        let at = |x, y| VhostUserGpuCursorPos {
            scanout_id: 0,
            x,
            y,
        };
        let image = pixels(0, 0, 64, 64, |x, y| pattern_cursor_pixel(7, x, y));

        self.gpu.cursor_update(
            &VhostUserGpuCursorUpdate {
                pos: at(50, 60),
                hot_x: 0,
                hot_y: 0,
            },
            image[..].try_into()?,
        )?;
        self.look("cursor")?;
        self.gpu.cursor_pos(&at(70, 80))?;
        self.look("moved")?;
        self.gpu.cursor_pos_hide(&at(70, 80))?;
        self.look("dmabuf2")
    }

    /// Without a buffer an update is answered, too, and the last picture stays.
    fn disable(&self) -> Result<()> {
        let none: Option<&File> = None;

        self.gpu.set_dmabuf_scanout(&VhostUserGpuDMABUFScanout::default(), none)?;
        self.flip()?;
        self.gpu.set_dmabuf_scanout2(&VhostUserGpuDMABUFScanout2::default(), none)?;
        self.flip()?;
        self.gpu.set_scanout(&VhostUserGpuScanout::default())?;
        self.flip()?;
        self.look("dmabuf2")
    }
}

fn speak(socket: &str, look: &str) -> Result<()> {
    let speaker = Speaker {
        gpu: GpuBackend::from_stream(UnixStream::connect(socket)?),
        look: look.to_string(),
    };

    speaker.negotiate()?;
    speaker.ask_displays()?;
    speaker.ask_edid()?;
    speaker.show_pixels()?;
    speaker.show_dmabufs()?;
    speaker.move_cursor()?;
    speaker.disable()?;
    // What was sent last has been understood when this is answered.
    speaker.ask_displays()
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();

    must(arguments.len() == 3, "usage: rust-speaker SOCKET LOOK")?;
    speak(&arguments[1], &arguments[2])
}
