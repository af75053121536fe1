using System.Text.Json;
using System.Text.Json.Nodes;
using Metering.Contracts;
using Metering.Gateway.Http;
using Metering.Gateway.Json;
using Metering.Gateway.Security;
using Metering.Gateway.Wire;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.OpenApi;

namespace Metering.Gateway.OpenApi;

/// <summary>The OpenAPI document: operations from <see cref="Operation"/>, schemas from <c>Shapes</c>, values as they are on the wire.</summary>
internal static class OpenApiDocuments
{
    public const string Route = "/openapi/v1.json";

    private const string Version = "v1";
    private const string DecimalPattern = @"^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,9})?$";

    public static void AddMeteringOpenApi(this IServiceCollection services)
    {
        services.AddOpenApi(Version, options =>
        {
            options.AddDocumentTransformer(Introduce);
            options.AddOperationTransformer(Describe);
            options.AddSchemaTransformer(WriteAsOnTheWire);
        });
        services.TryAddEnumerable(ServiceDescriptor.Transient<IApiDescriptionProvider, OperationProvider>());
    }

    private static Task Introduce(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Info = new OpenApiInfo
        {
            Title = "Metering",
            Version = Version,
            Description = "Meter usage, price it and deduct it from an account's credits before the caller gets its answer. "
                + "Amounts and quantities are exact decimals, in strings. Refusals are problems (RFC 9457) with a stable code.",
        };

        // The document is the same wherever it is read from; a client is already at its server.
        document.Servers = [];
        return Task.CompletedTask;
    }

    private static async Task Describe(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        if (context.Description.ActionDescriptor.EndpointMetadata.OfType<Operation>().FirstOrDefault() is not { } described)
        {
            return;
        }

        operation.OperationId = described.Id;
        operation.Summary = described.Summary;
        var who = described.Access.Role is { } role ? $"Role `{WireNames.Of(role)}` or above{(described.Access.Scope == AccessScope.Installation ? ", not limited to some accounts" : "")}." : "Needs no key.";
        operation.Description = described.Description.Length == 0 ? who : $"{described.Description} {who}";
        foreach (var parameter in operation.Parameters ?? [])
        {
            parameter.Description = described.Query.FirstOrDefault(query => query.Name == parameter.Name)?.Description
                ?? "1 to 128 of A-Z a-z 0-9 . _ : -";
        }

        foreach (var request in described.Requests)
        {
            var content = operation.RequestBody!.Content![request.ContentType];
            content.Example = JsonNode.Parse(request.Example);

            // The framework knows one body for all content types of an operation.
            if (request.Type != described.Requests[0].Type)
            {
                content.Schema = await context.GetOrCreateSchemaAsync(request.Type, cancellationToken: cancellationToken);
            }
        }

        operation.Responses!["200"].Content![described.Reply.ContentType].Example = JsonNode.Parse(described.Reply.Example);
        foreach (var code in described.Refusals.Prepend(Code.InvalidRequest))
        {
            var content = operation.Responses[((int)Statuses.Http(code)).ToString(System.Globalization.CultureInfo.InvariantCulture)].Content!;
            content[JsonResponse.ProblemContentType].Example ??= Problem(code);
        }
    }

    /// <summary>A problem as the server writes it, without what belongs to one occasion.</summary>
    private static JsonNode? Problem(Code code)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            ProblemWriter.Write(json, new Refusal { Code = code, Detail = "Says which rule was broken." });
        }

        return JsonNode.Parse(stream.ToArray());
    }

    private static Task WriteAsOnTheWire(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        var type = Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type;
        var optional = type != context.JsonTypeInfo.Type ? JsonSchemaType.Null : 0;
        if (type == typeof(decimal))
        {
            schema.Type = JsonSchemaType.String | optional;
            schema.Format = "decimal";
            schema.Pattern = DecimalPattern;
        }
        else if (type == typeof(int) || type == typeof(long))
        {
            schema.Type = JsonSchemaType.Integer | optional;
            schema.Pattern = null;
        }
        else if (type.IsEnum)
        {
            schema.Type = JsonSchemaType.String;
            schema.Enum = [.. NamesOf(type).Select(name => (JsonNode)name)];
        }
        else if (typeof(Shapes.IRequest).IsAssignableFrom(type))
        {
            schema.AdditionalPropertiesAllowed = false;
        }

        return Task.CompletedTask;
    }

    private static IEnumerable<string> NamesOf(Type type) => Enum.GetValues(type).Cast<object>().Select(value => value switch
    {
        ChargeMode mode => WireNames.Of(mode),
        PeriodUnit unit => WireNames.Of(unit),
        Durability durability => WireNames.Of(durability),
        GrantKind kind => WireNames.Of(kind),
        GrantStatus status => WireNames.Of(status),
        GrantOutcome outcome => WireNames.Of(outcome),
        PriceKind kind => WireNames.Of(kind),
        ConversionRounding rounding => WireNames.Of(rounding),
        AdjustmentKind kind => WireNames.Of(kind),
        Code code => WireNames.Of(code),
        AccountStatus status => WireNames.Of(status),
        SettleOutcome outcome => WireNames.Of(outcome),
        BudgetWindow window => WireNames.Of(window),
        BudgetAction action => WireNames.Of(action),
        PolicyRule rule => WireNames.Of(rule),
        ChangeKind kind => WireNames.Of(kind),
        UsageWindow window => WireNames.Of(window),
        UsageSource source => WireNames.Of(source),
        Role role => WireNames.Of(role),
        LedgerBreakReason reason => WireNames.Of(reason),
        LedgerDetail detail => WireNames.Of(detail),
        AuditOperation operation => WireNames.Of(operation),
        AuditOutcome outcome => WireNames.Of(outcome),
        AuditBreakReason reason => WireNames.Of(reason),
        Shapes.ChargeOutcome => "charged",
        Shapes.HoldOutcome => "held",
        Shapes.ReversalOutcome => "reversed",
        _ => throw new NotSupportedException($"{type} has no names on the wire."),
    });
}
