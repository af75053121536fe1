using Metering.Grains.Journal;
using Metering.Silo.Health;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Metering.Standalone;

/// <summary>Says when the ledger does not follow: the process serves, and somebody should look.</summary>
internal sealed class LedgerHealthCheck(Journal journal, IOptions<JournalOptions> options) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var reasons = string.Join(' ', LedgerHealth.Reasons(journal.Backlog(), options.Value.MaxArchiveBacklogBytes));
        return Task.FromResult(reasons.Length == 0 ? HealthCheckResult.Healthy() : HealthCheckResult.Degraded(reasons));
    }
}
