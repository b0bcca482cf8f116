#![cfg_attr(fuzzing, no_main)]

fuzz::target!(gateway::fuzzing::worker_answer);
