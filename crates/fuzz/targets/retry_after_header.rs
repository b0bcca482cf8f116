#![cfg_attr(fuzzing, no_main)]

fuzz::target!(garmin::fuzzing::retry_after_header);
