using System.Text.Json;
using Metering.Cluster.Load;

namespace Metering.Cluster;

/// <summary>The sample card that Standalone publishes by itself; a cluster's operator publishes their own.</summary>
internal static class SampleCard
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Publishes it as the default card and waits until it is in effect everywhere.</summary>
    public static async Task PublishAsync(IEnumerable<Uri> gateways)
    {
        using var callers = new Callers(gateways, [], seed: 0, TimeSpan.Zero);
        var card = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "sample-rate-card.json"))).RootElement;
        var answer = await callers.InsistAsync(HttpMethod.Put, "/v1/rate-cards/default", card, Patience);
        if (!answer.IsSuccess)
        {
            throw new InvalidOperationException($"The sample card was refused: {answer}");
        }

        var wait = answer.Body.GetProperty("effectiveFrom").GetDateTimeOffset() - DateTimeOffset.UtcNow;
        await Task.Delay(wait > TimeSpan.Zero ? wait : TimeSpan.Zero);
    }
}
