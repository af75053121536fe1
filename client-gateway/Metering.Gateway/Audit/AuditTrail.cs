using System.Security.Cryptography;
using Metering.Contracts;
using Metering.Gateway.Routing;

namespace Metering.Gateway.Audit;

/// <summary>A change as the audit log tells it.</summary>
/// <param name="Operation">What is done.</param>
/// <param name="Resource">To what, as in <see cref="AuditIntent.Resource"/>.</param>
/// <param name="Requested">JSON of what was asked for, without secrets; null when the operation says it all.</param>
internal sealed record AuditedChange(AuditOperation Operation, string Resource, string? Requested);

/// <summary>Makes changes that are in the audit log: first that one is about to be made, then the change, then what became of it; each durable before the next.</summary>
internal sealed class AuditTrail(AuditLogCalls log)
{
    private const int IdBytes = 12;

    private static readonly Refusal NotTold = new()
    {
        Code = Code.Unavailable,
        Detail = "The change was made, but that could not be written to the audit log, where it now stands as pending: read what there is, and send the request again.",
        RetryAfter = TimeSpan.FromSeconds(1),
    };

    /// <param name="actor">Who makes it.</param>
    /// <param name="change">What it is.</param>
    /// <param name="before">JSON of the resource as it is; null when there is none.</param>
    /// <param name="make">Makes it.</param>
    /// <param name="after">JSON of what there is then, without secrets; null when there is nothing.</param>
    /// <returns>What <paramref name="make"/> answers, or why it was not called.</returns>
    public async Task<Answer<T>> Make<T>(Actor actor, AuditedChange change, string? before, Func<Task<Answer<T>>> make, Func<T, string?> after)
        where T : class
    {
        var intent = new AuditIntent
        {
            Id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes)),
            Actor = actor.Name,
            ActorName = actor.Label,
            Address = actor.Address,
            Operation = change.Operation,
            Resource = change.Resource,
            Before = before,
            Requested = change.Requested,
        };
        if ((await log.Begin(intent)).Refusal is { } notBegun)
        {
            return notBegun;
        }

        var answer = await make();
        var result = answer switch
        {
            { Reply: { } reply } => new AuditResult(intent.Id, AuditOutcome.Done, Refusal: null, after(reply)),

            // Of what was not answered nobody knows whether it was done.
            { Refusal: { Code: Code.Unavailable } refusal } => new AuditResult(intent.Id, AuditOutcome.Unknown, refusal.Code, After: null),
            _ => new AuditResult(intent.Id, AuditOutcome.Refused, answer.Refusal!.Code, After: null),
        };
        var ended = await log.End(result);
        return ended.Refusal is not null && result.Outcome == AuditOutcome.Done ? NotTold : answer;
    }
}
