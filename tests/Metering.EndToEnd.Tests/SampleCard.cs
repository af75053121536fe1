namespace Metering.EndToEnd.Tests;

/// <summary>The rate card that comes with the server, published as <c>default</c>.</summary>
internal static class SampleCard
{
    private static readonly string Path = System.IO.Path.Combine(AppContext.BaseDirectory, "sample-rate-card.json");

    public static async Task PublishAsync(MeteringApi api, CancellationToken cancellationToken)
    {
        var reply = await api.PutRateCardAsync("default", await File.ReadAllBytesAsync(Path, cancellationToken), cancellationToken);
        Assert.True(reply.IsSuccess, $"The sample rate card was not published: {reply}");
    }
}
