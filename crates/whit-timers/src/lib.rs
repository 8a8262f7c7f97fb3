//! A hierarchical timer wheel, sleeps, intervals and time-outs
