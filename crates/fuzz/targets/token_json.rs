#![cfg_attr(fuzzing, no_main)]

fuzz::target!(garmin::fuzzing::token_json);
