//! The registers of an interrupted thread, by the numbers that unwind tables give them.

use gimli::Register;

/// Every one that a table may name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Registers([u64; COUNT]);

#[cfg(target_arch = "x86_64")]
mod numbers {
    pub(super) const COUNT: usize = 17;
    pub(super) const STACK: usize = 7;
    /// What the tables call the return address.
    pub(super) const PC: usize = 16;
}

#[cfg(target_arch = "aarch64")]
mod numbers {
    pub(super) const COUNT: usize = 33;
    pub(super) const STACK: usize = 31;
    pub(super) const PC: usize = 32;
}

use numbers::{COUNT, PC, STACK};

impl Registers {
    pub(super) const fn new() -> Registers {
        Registers([0; COUNT])
    }

    /// What a signal has interrupted.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn interrupted(context: &libc::ucontext_t) -> Registers {
        const ORDER: [libc::c_int; COUNT] = [
            libc::REG_RAX,
            libc::REG_RDX,
            libc::REG_RCX,
            libc::REG_RBX,
            libc::REG_RSI,
            libc::REG_RDI,
            libc::REG_RBP,
            libc::REG_RSP,
            libc::REG_R8,
            libc::REG_R9,
            libc::REG_R10,
            libc::REG_R11,
            libc::REG_R12,
            libc::REG_R13,
            libc::REG_R14,
            libc::REG_R15,
            libc::REG_RIP,
        ];
        let mut registers = Registers::new();
        for (to, from) in registers.0.iter_mut().zip(ORDER) {
            *to = context.uc_mcontext.gregs[from as usize] as u64;
        }
        registers
    }

    /// What a signal has interrupted.
    #[cfg(target_arch = "aarch64")]
    pub(super) fn interrupted(context: &libc::ucontext_t) -> Registers {
        let from = &context.uc_mcontext;
        let mut registers = Registers::new();
        registers.0[..31].copy_from_slice(&from.regs);
        registers.0[STACK] = from.sp;
        registers.0[PC] = from.pc;
        registers
    }

    pub(super) fn get(&self, register: Register) -> Option<u64> {
        self.0.get(usize::from(register.0)).copied()
    }

    pub(super) fn set(&mut self, register: Register, value: u64) {
        if let Some(place) = self.0.get_mut(usize::from(register.0)) {
            *place = value;
        }
    }

    pub(super) fn stack_pointer(&self) -> u64 {
        self.0[STACK]
    }

    pub(super) fn set_stack_pointer(&mut self, value: u64) {
        self.0[STACK] = value;
    }

    pub(super) fn pc(&self) -> u64 {
        self.0[PC]
    }

    pub(super) fn set_pc(&mut self, value: u64) {
        // 64-bit ARM may sign return addresses in the bits that no address uses.
        self.0[PC] = if cfg!(target_arch = "aarch64") { value & 0x0000_ffff_ffff_ffff } else { value };
    }
}
