#![cfg_attr(fuzzing, no_main)]

fuzz::target!(garmin::fuzzing::recorded_file);
