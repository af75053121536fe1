using System.Globalization;
using Metering.Contracts;
using Metering.Silo;
using Metering.Silo.Ledger;
using Metering.Silo.Storage.Embedded;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Metering.Benchmarks;

/// <summary>An account that was charged for four meters, hour by hour for thirty days, on a silo whose clock went through them.</summary>
internal sealed class LivedMonth : IAsyncDisposable
{
    private const int Days = 30;
    private const string Account = "lived";

    private readonly TemporaryDirectory _directory = new();
    private readonly Clock _clock = new();
    private readonly IHost _host;
    private readonly string[] _meters;

    private LivedMonth(string ledgerFolder, string[] meters)
    {
        _meters = meters;
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Error);
        builder.Services.AddSingleton<TimeProvider>(_clock);
        builder.UseOrleans(silo => silo.UseLocalhostClustering(siloPort: TestServers.FreePort.Next(), gatewayPort: 0)
            .AddEmbeddedStore(new EmbeddedStoreOptions { DataDirectory = _directory.Path })
            .AddMetering(static _ => { }, static options => options.Partitions = 1, static options => options.LeadTime = TimeSpan.Zero)
            .AddFolderLedger(ledgerFolder));
        _host = builder.Build();
    }

    private DateTimeOffset First => _clock.End.AddDays(-Days);

    /// <param name="ledgerFolder">The ledger that the silo adds to.</param>
    /// <param name="meters">What is charged for.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal static async Task<LivedMonth> StartAsync(string ledgerFolder, string[] meters, CancellationToken cancellationToken)
    {
        var month = new LivedMonth(ledgerFolder, meters);
        await month._host.StartAsync(cancellationToken);
        await month.LiveAsync();
        return month;
    }

    /// <summary>The month's usage by meter and day.</summary>
    /// <returns>How many rows.</returns>
    internal async Task<int> ReadUsageAsync()
    {
        var answer = await _host.Services.GetRequiredService<IGrainFactory>().GetGrain<ILedgerGrain>(Account)
            .ReadUsage(new UsageRequest { From = First, To = _clock.End, Window = UsageWindow.Day, GroupBy = [new UsageGroup(UsageGroupKind.Meter, "")] });
        return answer.Reply is { Source: UsageSource.Account } reply ? reply.Rows.Count : throw new InvalidOperationException($"The account did not answer for itself: {answer.Refusal}");
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
        _directory.Dispose();
    }

    private async Task LiveAsync()
    {
        var grains = _host.Services.GetRequiredService<IGrainFactory>();
        var draft = new RateCardDraft
        {
            Meters = [.. _meters.Select(static meter => new MeterDraft { Meter = meter, Unit = "unit", Prices = [new PriceDraft { Id = meter, Kind = PriceKind.PerUnit, UnitPrice = 0.00006m }] })],
        };
        Require((await grains.GetGrain<IRateCardGrain>(AccountRequest.DefaultRateCard).Publish(draft)).Refusal);
        var account = grains.GetGrain<IAccountGrain>(Account);
        Require((await account.Put(new AccountRequest())).Refusal);
        Require((await account.AddGrant(new GrantRequest { Id = "plan", Amount = 1_000_000m })).Refusal);
        var router = _host.Services.GetRequiredService<IChargeRouter>();
        for (var hour = 0; hour < Days * 24; hour++)
        {
            _clock.Now = First.AddHours(hour);
            var answers = await router.Charge([.. _meters.Select(meter => new RoutedCharge(Account, new ChargeRequest { Id = Name(meter, hour), Lines = [new ChargeLine { Meter = meter, Quantity = 100 }] }))]);
            foreach (var answer in answers)
            {
                Require(answer.Refusal);
            }
        }

        _clock.Now = _clock.End;
    }

    private static string Name(string meter, int hour) => string.Create(CultureInfo.InvariantCulture, $"{meter}-{hour}");

    private static void Require(Refusal? refusal)
    {
        if (refusal is not null)
        {
            throw new InvalidOperationException($"The account refused: {refusal.Code}: {refusal.Detail}");
        }
    }

    /// <summary>Says what time it is, thirty days ago at first; timers go as ever.</summary>
    private sealed class Clock : TimeProvider
    {
        private long _ticks;

        internal Clock()
        {
            End = new DateTimeOffset(System.GetUtcNow().UtcDateTime.Date, TimeSpan.Zero);
            Now = End.AddDays(-Days);
        }

        /// <summary>The last midnight.</summary>
        internal DateTimeOffset End { get; }

        internal DateTimeOffset Now
        {
            set => Volatile.Write(ref _ticks, value.UtcTicks);
        }

        public override DateTimeOffset GetUtcNow() => new(Volatile.Read(ref _ticks), TimeSpan.Zero);
    }
}
