//! From a copied stack to the addresses of its frames.

use gimli::{CfaRule, RegisterRule, UnwindContext, UnwindSection};

use super::modules::Modules;
use super::registers::Registers;
use super::signal::Copy;
use crate::stack::Step;

/// More frames than this are a recursion, or a mistake.
const FRAMES_MAX: usize = 128;

/// The frames, innermost first, and whether the last one is the outermost.
pub(super) fn unwind(copy: &Copy) -> (Vec<Step>, bool) {
    let stack = CopiedStack { start: copy.registers.stack_pointer(), bytes: &copy.bytes };
    let (mut modules, mut context) = (Modules::new(), UnwindContext::new());
    let (mut registers, mut interrupted) = (copy.registers, true);
    let mut steps = Vec::new();
    while steps.len() < FRAMES_MAX {
        steps.push(Step { address: registers.pc(), interrupted });
        match outwards(&stack, &registers, interrupted, &mut modules, &mut context) {
            Some(Outer::Frame { registers: outer, interrupted: so }) => (registers, interrupted) = (outer, so),
            Some(Outer::Nobody) => return (steps, true),
            None => break,
        }
    }
    (steps, false)
}

enum Outer {
    Frame {
        registers: Registers,
        interrupted: bool,
    },
    /// The thread began here.
    Nobody,
}

/// The frame outside of the one that is in `registers`.
fn outwards(
    stack: &CopiedStack<'_>,
    registers: &Registers,
    interrupted: bool,
    modules: &mut Modules,
    context: &mut UnwindContext<usize>,
) -> Option<Outer> {
    // A call may be the last instruction of a function, and then returns to the next one.
    let address = if interrupted { registers.pc() } else { registers.pc().wrapping_sub(1) };
    modules.of(address)?.tables(|header, frames, bases| {
        let table = header.table()?;
        let entry = table
            .fde_for_address(frames, bases, address, |section, bases, at| section.cie_from_offset(bases, at))
            .ok()?;
        let returns = entry.cie().return_address_register();
        let row = entry.unwind_info_for_address(frames, bases, context, address).ok()?;
        let CfaRule::RegisterAndOffset { register, offset } = row.cfa() else { return None };
        let canonical = registers.get(*register)?.wrapping_add_signed(*offset);
        let mut outer = *registers;
        outer.set_stack_pointer(canonical);
        // Where it is not said otherwise, it stays in its register.
        let mut back = registers.get(returns);
        for (register, rule) in row.registers() {
            let value = match rule {
                RegisterRule::Undefined => None,
                RegisterRule::SameValue => registers.get(*register),
                RegisterRule::Offset(offset) => Some(stack.read(canonical.wrapping_add_signed(*offset))?),
                RegisterRule::ValOffset(offset) => Some(canonical.wrapping_add_signed(*offset)),
                RegisterRule::Register(other) => registers.get(*other),
                RegisterRule::Constant(value) => Some(*value),
                // Of signal handlers' frames, mostly, in which every register is somewhere in a structure.
                _ => return None,
            };
            if *register == returns {
                back = value;
            }
            outer.set(*register, value.unwrap_or(0));
        }
        let Some(back) = back.filter(|back| *back != 0) else { return Some(Outer::Nobody) };
        // It can only get out of hand by going in circles.
        if canonical <= registers.stack_pointer() && !interrupted {
            return None;
        }
        outer.set_pc(back);
        Some(Outer::Frame { registers: outer, interrupted: entry.is_signal_trampoline() })
    })
}

struct CopiedStack<'c> {
    start: u64,
    bytes: &'c [u8],
}

impl CopiedStack<'_> {
    fn read(&self, address: u64) -> Option<u64> {
        let at = usize::try_from(address.checked_sub(self.start)?).ok()?;
        Some(u64::from_ne_bytes(self.bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
    }
}
