using Metering.Contracts;
using Metering.Gateway;

namespace Metering.Standalone;

/// <summary>Publishes the sample as the default rate card when there is none, so that a first charge needs no preparation.</summary>
internal sealed class SampleRateCard(IGrainFactory grains, ILogger<SampleRateCard> logger) : IHostedService
{
    private const string Resource = "Metering.Standalone.sample-rate-card.json";

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var card = grains.GetGrain<IRateCardGrain>(AccountRequest.DefaultRateCard);
        if ((await card.Get(version: null)).Refusal is not { Code: Code.RateCardNotFound })
        {
            return;
        }

        using var document = new MemoryStream();
        await using (var resource = typeof(SampleRateCard).Assembly.GetManifestResourceStream(Resource)!)
        {
            await resource.CopyToAsync(document, cancellationToken);
        }

        if ((await card.Publish(RateCardDocument.Read(document.ToArray()))).Refusal is { } refusal)
        {
            Log.SampleNotPublished(logger, AccountRequest.DefaultRateCard, refusal.Detail);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
