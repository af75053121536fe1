using Metering.Contracts;
using Metering.Gateway.Http;
using Metering.Gateway.Wire;
using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;

namespace Metering.Gateway.OpenApi;

/// <summary>
/// Tells the OpenAPI document which operations are mapped. The framework describes only handlers whose arguments it binds itself, and
/// ours read their own bodies, for the faults by path.
/// </summary>
internal sealed class OperationProvider(EndpointDataSource endpoints) : IApiDescriptionProvider
{
    /// <summary>What any operation may refuse with.</summary>
    private static readonly Code[] Common = [Code.InvalidRequest, Code.Overloaded, Code.Unavailable];

    private static readonly Code[] CommonOfKnownCallers = [.. Common, Code.Unauthenticated, Code.Forbidden];

    private readonly EmptyModelMetadataProvider _models = new();

    public int Order => -1_100;

    public void OnProvidersExecuting(ApiDescriptionProviderContext context)
    {
        foreach (var endpoint in endpoints.Endpoints.OfType<RouteEndpoint>())
        {
            if (endpoint.Metadata.GetMetadata<Operation>() is { } operation)
            {
                context.Results.Add(Describe(operation, endpoint.RoutePattern));
            }
        }
    }

    public void OnProvidersExecuted(ApiDescriptionProviderContext context)
    {
    }

    private ApiDescription Describe(Operation operation, RoutePattern route)
    {
        var description = new ApiDescription
        {
            HttpMethod = operation.Method,
            RelativePath = operation.Route.TrimStart('/'),
            ActionDescriptor = new ActionDescriptor
            {
                DisplayName = operation.Id,
                EndpointMetadata = [operation],
                RouteValues = new Dictionary<string, string?> { ["controller"] = operation.Tag },
            },
        };
        foreach (var parameter in route.Parameters)
        {
            description.ParameterDescriptions.Add(Parameter(parameter.Name, typeof(string), BindingSource.Path, required: true));
        }

        foreach (var parameter in operation.Query)
        {
            description.ParameterDescriptions.Add(Parameter(parameter.Name, parameter.Type, BindingSource.Query, required: false));
        }

        if (operation.Requests is [var first, ..])
        {
            description.ParameterDescriptions.Add(Parameter("body", first.Type, BindingSource.Body, required: true));
            foreach (var request in operation.Requests)
            {
                description.SupportedRequestFormats.Add(new ApiRequestFormat { MediaType = request.ContentType });
            }
        }

        description.SupportedResponseTypes.Add(Response(200, operation.Reply.Type, operation.Reply.ContentType));
        foreach (var status in operation.Refusals.Concat(operation.Access.Role is null ? Common : CommonOfKnownCallers).Select(code => (int)Statuses.Http(code)).Distinct().Order())
        {
            description.SupportedResponseTypes.Add(Response(status, typeof(Shapes.Problem), JsonResponse.ProblemContentType));
        }

        return description;
    }

    private ApiParameterDescription Parameter(string name, Type type, BindingSource source, bool required) => new()
    {
        Name = name,
        Type = type,
        Source = source,
        IsRequired = required,
        ModelMetadata = _models.GetMetadataForType(type),
        ParameterDescriptor = new ParameterDescriptor { Name = name, ParameterType = type },
    };

    private ApiResponseType Response(int status, Type type, string contentType) => new()
    {
        StatusCode = status,
        Type = type,
        ModelMetadata = _models.GetMetadataForType(type),
        ApiResponseFormats = [new ApiResponseFormat { MediaType = contentType }],
    };
}
