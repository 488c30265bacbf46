//! The print file, made by the real program from real processes.

mod cells;
mod desk;
mod encrypted;
mod interrupted;
mod manifest;
mod operators;
mod seeds;
