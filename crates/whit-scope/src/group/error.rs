//! What a group ends with if not with a value.

use std::error::Error;
use std::fmt;

use crate::Cancelled;

/// Why a group has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupError<E> {
    /// Children, or the body, failed.
    Failed {
        /// The error that came first: the one that ended the group, if its policy is to fail fast.
        first: E,
        /// Those that came later, from siblings on their way out, in the order of their coming.
        rest: Vec<E>,
    },
    /// Nobody failed, but the body was cancelled, so that there is no value.
    Cancelled(Cancelled),
}

impl<E> GroupError<E> {
    pub(super) fn from_errors(errors: Vec<E>) -> Option<GroupError<E>> {
        let mut errors = errors.into_iter();
        Some(GroupError::Failed { first: errors.next()?, rest: errors.collect() })
    }

    /// All errors in the order of their coming; none if the group was cancelled.
    pub fn errors(&self) -> impl Iterator<Item = &E> {
        let (first, rest) = match self {
            GroupError::Failed { first, rest } => (Some(first), &rest[..]),
            GroupError::Cancelled(_) => (None, &[][..]),
        };
        first.into_iter().chain(rest)
    }

    /// The first error, for those who want one and no list.
    ///
    /// # Errors
    ///
    /// [`Cancelled`] if there was none.
    pub fn into_first(self) -> Result<E, Cancelled> {
        match self {
            GroupError::Failed { first, .. } => Ok(first),
            GroupError::Cancelled(cancelled) => Err(cancelled),
        }
    }
}

impl<E: fmt::Display> fmt::Display for GroupError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GroupError::Failed { first, rest } if rest.is_empty() => first.fmt(f),
            GroupError::Failed { first, rest } => write!(f, "{first} (and {} more)", rest.len()),
            GroupError::Cancelled(cancelled) => cancelled.fmt(f),
        }
    }
}

impl<E: Error + 'static> Error for GroupError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            // The text is that of the first error, so the chain goes on behind it.
            GroupError::Failed { first, .. } => first.source(),
            GroupError::Cancelled(_) => None,
        }
    }
}
