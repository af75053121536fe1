using Metering.Contracts;
using Metering.Gateway.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Metering.Gateway.OpenApi;

/// <summary>One operation of the API: where it is, and what the reference says of it. Endpoints are mapped from it, so the two cannot differ.</summary>
internal sealed record Operation(string Id, string Method, string Route, string Tag, string Summary)
{
    /// <summary>Who may call it.</summary>
    public required AccessRule Access { get; init; }

    public string Description { get; init; } = "";

    /// <summary>Parameters of the query, all optional.</summary>
    public IReadOnlyList<QueryParameter> Query { get; init; } = [];

    public IReadOnlyList<OperationBody> Requests { get; init; } = [];

    public required OperationBody Reply { get; init; }

    /// <summary>Why it may refuse, beside what every operation may.</summary>
    public IReadOnlyList<Code> Refusals { get; init; } = [];
}

internal sealed record QueryParameter(string Name, Type Type, string Description);

/// <summary>A body: its shape and one example, which tests send.</summary>
internal sealed record OperationBody(Type Type, string Example)
{
    public string ContentType { get; init; } = Http.JsonResponse.ContentType;
}

internal static class OperationRouting
{
    public static void Map(this IEndpointRouteBuilder routes, Operation operation, RequestDelegate handler) =>
        routes.MapMethods(operation.Route, [operation.Method], handler).WithMetadata(operation).WithAccess(operation.Access);
}
