//! Nothing to be used: the examples of these documents are this crate's doctests.

#[cfg(doctest)]
#[doc = include_str!("GUIDE.md")]
mod guide {}

#[cfg(doctest)]
#[doc = include_str!("guide/deliverability.md")]
mod deliverability {}

#[cfg(doctest)]
#[doc = include_str!("guide/lists.md")]
mod lists {}

#[cfg(doctest)]
#[doc = include_str!("guide/many.md")]
mod many {}

#[cfg(doctest)]
#[doc = include_str!("guide/privacy.md")]
mod privacy {}

#[cfg(doctest)]
#[doc = include_str!("guide/support.md")]
mod support {}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
