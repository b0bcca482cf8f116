//! The MCP server of the fixtures.

use std::sync::Arc;

use domain::contract::SecretText;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestParams, CompleteResult,
    CompletionInfo, GetPromptRequestParams, GetPromptResponse, GetPromptResult, Implementation,
    ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListToolsResult,
    PaginatedRequestParams, PromptMessage, ReadResourceRequestParams, ReadResourceResponse,
    RequestStateCodec, Role, ServerCapabilities, ServerConfig, SetLevelRequestMethod,
    SetLevelRequestParams, SubscribeRequestParams, Tool, UnsubscribeRequestParams,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};

use crate::content::text;
use crate::questions::{self, Interview, Step, Visit};
use crate::{prompts, resources, tools};

#[derive(Clone)]
pub(crate) struct Server {
    states: Arc<RequestStateCodec>,
}

type Context = RequestContext<RoleServer>;
type Page = Option<PaginatedRequestParams>;

impl Server {
    /// `secret` seals what clients keep between the rounds of a call.
    pub(crate) fn new(secret: &SecretText) -> Self {
        // The gateway makes it long enough.
        Self { states: Arc::new(RequestStateCodec::new_unchecked(secret.reveal())) }
    }

    fn step(
        &self,
        interview: &Interview,
        context: &Context,
        responses: Option<&rmcp::model::InputResponses>,
        state: Option<&str>,
    ) -> Result<Step, ErrorData> {
        let capabilities = context.client_capabilities().unwrap_or_default();
        interview.next(&self.states, &Visit { capabilities, responses, state })
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_prompts()
            .enable_resources()
            .enable_resources_subscribe()
            .enable_completions()
            .enable_logging()
            .build();
        ServerConfig::new(capabilities).with_server_info(Implementation::new(
            "garmin-gateway-conformance",
            env!("CARGO_PKG_VERSION"),
        ))
    }

    async fn list_tools(&self, _: Page, _: Context) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult { tools: tools::all(), ..ListToolsResult::default() })
    }

    /// Where rmcp reads which arguments are headers as well.
    fn get_tool(&self, name: &str) -> Option<Tool> {
        tools::all().into_iter().find(|tool| tool.name == name)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: Context,
    ) -> Result<CallToolResponse, ErrorData> {
        if let Some(asks) = questions::TOOLS.iter().find(|asks| asks.name == request.name) {
            let state = request.request_state.as_deref();
            return match self.step(asks, &context, request.input_responses.as_ref(), state)? {
                Step::Ask(questions) => Ok(questions.into()),
                Step::Done(answers) => {
                    let said = if state.is_some() { "state-ok: " } else { "" };
                    let answer = text(format!("{said}{}", answers.join("; ")));
                    Ok(CallToolResult::success(vec![answer]).into())
                }
            };
        }
        let arguments = request.arguments.unwrap_or_default();
        Ok(tools::call(&request.name, &arguments, &context).await?.into())
    }

    async fn list_prompts(&self, _: Page, _: Context) -> Result<ListPromptsResult, ErrorData> {
        Ok(ListPromptsResult { prompts: prompts::all(), ..ListPromptsResult::default() })
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: Context,
    ) -> Result<GetPromptResponse, ErrorData> {
        let asks = &questions::PROMPT;
        if request.name != asks.name {
            let arguments = request.arguments.unwrap_or_default();
            return Ok(prompts::get(&request.name, &arguments)?.into());
        }
        let (responses, state) =
            (request.input_responses.as_ref(), request.request_state.as_deref());
        Ok(match self.step(asks, &context, responses, state)? {
            Step::Ask(questions) => questions.into(),
            Step::Done(answers) => {
                let message = PromptMessage::new(Role::User, text(answers.join("; ")));
                GetPromptResult::new(vec![message]).into()
            }
        })
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        _: Context,
    ) -> Result<CompleteResult, ErrorData> {
        let values = prompts::complete(&request.argument.value);
        let found = CompletionInfo::with_all_values(values)
            .map_err(|_| ErrorData::internal_error("too many completions", None))?;
        Ok(CompleteResult::new(found))
    }

    async fn list_resources(&self, _: Page, _: Context) -> Result<ListResourcesResult, ErrorData> {
        Ok(ListResourcesResult { resources: resources::all(), ..ListResourcesResult::default() })
    }

    async fn list_resource_templates(
        &self,
        _: Page,
        _: Context,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(ListResourceTemplatesResult {
            resource_templates: resources::templates(),
            ..ListResourceTemplatesResult::default()
        })
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: Context,
    ) -> Result<ReadResourceResponse, ErrorData> {
        Ok(resources::read(&request.uri)?.into())
    }

    async fn subscribe(
        &self,
        request: SubscribeRequestParams,
        _: Context,
    ) -> Result<(), ErrorData> {
        resources::subscribe(&request.uri)
    }

    async fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        _: Context,
    ) -> Result<(), ErrorData> {
        resources::subscribe(&request.uri)
    }

    /// Accepted and forgotten: there is no session in which it could matter.
    async fn set_level(&self, _: SetLevelRequestParams, context: Context) -> Result<(), ErrorData> {
        match context.meta.protocol_version() {
            Some(version) if !version.has_initialize() => {
                Err(ErrorData::method_not_found::<SetLevelRequestMethod>())
            }
            Some(_) | None => Ok(()),
        }
    }
}
