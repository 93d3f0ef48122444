//! decoy
