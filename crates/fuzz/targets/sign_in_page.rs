#![cfg_attr(fuzzing, no_main)]

fuzz::target!(garmin::fuzzing::sign_in_page);
