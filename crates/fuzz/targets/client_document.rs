#![cfg_attr(fuzzing, no_main)]

fuzz::target!(gateway::fuzzing::client_document);
