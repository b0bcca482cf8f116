//! Prompts.

use rmcp::ErrorData;
use rmcp::model::{GetPromptResult, JsonObject, Prompt, PromptArgument, PromptMessage, Role};
use serde_json::Value;

use crate::content::{embedded, image, text};
use crate::questions::PROMPT;

const SIMPLE: &str = "test_simple_prompt";
const WITH_ARGUMENTS: &str = "test_prompt_with_arguments";
const WITH_RESOURCE: &str = "test_prompt_with_embedded_resource";
const WITH_IMAGE: &str = "test_prompt_with_image";

pub(crate) fn all() -> Vec<Prompt> {
    vec![
        prompt(SIMPLE, "One sentence.", &[]),
        prompt(WITH_ARGUMENTS, "Repeats its arguments.", &["arg1", "arg2"]),
        prompt(WITH_RESOURCE, "Holds a resource.", &["resourceUri"]),
        prompt(WITH_IMAGE, "Holds a picture.", &[]),
        prompt(PROMPT.name, PROMPT.description, &[]),
    ]
}

fn prompt(name: &str, description: &str, arguments: &[&str]) -> Prompt {
    let arguments: Vec<_> = arguments
        .iter()
        .map(|name| {
            PromptArgument::new(*name).with_description("A text to repeat.").with_required(true)
        })
        .collect();
    Prompt::new(name, Some(description), (!arguments.is_empty()).then_some(arguments))
}

pub(crate) fn get(name: &str, arguments: &JsonObject) -> Result<GetPromptResult, ErrorData> {
    let messages = match name {
        SIMPLE => vec![text("This is a simple prompt for testing.")],
        WITH_ARGUMENTS => {
            let (one, two) = (required(arguments, "arg1")?, required(arguments, "arg2")?);
            vec![text(format!("Prompt with arguments: arg1='{one}', arg2='{two}'"))]
        }
        WITH_RESOURCE => {
            let uri = required(arguments, "resourceUri")?;
            let resource = embedded(uri, "text/plain", "Embedded resource content for testing.");
            vec![resource, text("Please process the embedded resource above.")]
        }
        WITH_IMAGE => vec![image(), text("Please analyze the image above.")],
        _ => return Err(ErrorData::invalid_params("unknown prompt", None)),
    };
    let user = |content| PromptMessage::new(Role::User, content);
    Ok(GetPromptResult::new(messages.into_iter().map(user).collect()))
}

/// What may be meant by the beginning of an argument.
pub(crate) fn complete(begun: &str) -> Vec<String> {
    let known = ["paris", "park", "party", "test", "testValue1", "testValue2"];
    known.into_iter().filter(|word| word.starts_with(begun)).map(str::to_owned).collect()
}

fn required<'a>(arguments: &'a JsonObject, name: &str) -> Result<&'a str, ErrorData> {
    arguments
        .get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| ErrorData::invalid_params(format!("{name} is missing"), None))
}
