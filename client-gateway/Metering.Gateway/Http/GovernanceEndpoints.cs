using Metering.Gateway.Audit;
using Metering.Gateway.Json;
using Metering.Gateway.OpenApi;
using Metering.Gateway.Routing;
using Metering.Gateway.Validation;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Metering.Gateway.Http;

/// <summary>Budgets and policies.</summary>
internal sealed class GovernanceEndpoints(Administration administration, PatternWarnings warnings, RequestBody body)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Map(GovernanceOperations.PutBudget, PutBudget);
        routes.Map(GovernanceOperations.DeleteBudget, DeleteBudget);
        routes.Map(GovernanceOperations.PutPolicy, PutPolicy);
    }

    private async Task PutBudget(HttpContext context)
    {
        var faults = new Faults();
        var account = Address.Name(context, "account", faults);
        var id = Address.Name(context, "budget", faults);
        var incoming = await body.ReadJson(context, faults, BudgetReader.Read);
        if (incoming.Problem is { } problem)
        {
            JsonResponse.WriteProblem(context, problem);
            return;
        }

        var budget = incoming.Value! with { Id = id };
        var answer = await administration.PutBudget(Actor.Of(context), account, budget);
        JsonResponse.WriteAnswer(context, await warnings.Add(account, answer, budget.Meters), GovernanceWriter.Write);
    }

    private async Task DeleteBudget(HttpContext context)
    {
        var faults = new Faults();
        var account = Address.Name(context, "account", faults);
        var budget = Address.Name(context, "budget", faults);
        if (faults.Any)
        {
            JsonResponse.WriteProblem(context, faults.ToRefusal());
            return;
        }

        JsonResponse.WriteAnswer(context, await administration.DeleteBudget(Actor.Of(context), account, budget), GovernanceWriter.Write);
    }

    private async Task PutPolicy(HttpContext context)
    {
        var faults = new Faults();
        var account = Address.Name(context, "account", faults);
        var incoming = await body.ReadJson(context, faults, PolicyReader.Read);
        if (incoming.Problem is { } problem)
        {
            JsonResponse.WriteProblem(context, problem);
            return;
        }

        var policy = incoming.Value!;
        var patterns = policy.AllowedMeters.Concat(policy.BlockedMeters).Concat(policy.RateLimits.Select(limit => limit.Meter));
        var answer = await administration.PutPolicy(Actor.Of(context), account, policy);
        JsonResponse.WriteAnswer(context, await warnings.Add(account, answer, patterns), GovernanceWriter.Write);
    }
}
