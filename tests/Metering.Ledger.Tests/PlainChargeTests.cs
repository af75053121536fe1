using Metering.Core;
using Metering.Core.Charges;
using Metering.Core.Entries;
using Metering.Core.Policies;
using Metering.Core.Pricing;
using Metering.Core.Tests.Accounts;
using Metering.Ledger.Archiving;
using Metering.Ledger.Reading;
using Metering.Ledger.Segments;

namespace Metering.Ledger.Tests;

/// <summary>Charges as most are go into segments without being decoded; the others are. What is in the segments must not tell which went which way.</summary>
public sealed class PlainChargeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SegmentWriter _writer = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whatever_a_charge_says_its_rows_and_its_link_are_the_same_decoded_or_not()
    {
        var scene = Priced();
        Charge("plain", "calls", "1");
        Charge("plain-with-an-id-that-is-rather-long-ünïcödé", "calls", "0.000000001");
        Charge("plain-with-dimensions", "calls", "2", new Dimension("a", ""), new Dimension("model", "gpt-4"), new Dimension("ünïcödé-and-longer", "日本語のとても長い名前"));
        Charge("plain-of-a-thousand", "thousand", "1500");
        scene.Charge(new Charge("plain-for-earlier", [Scene.Line("calls", "3")], Scene.Start.AddMinutes(-5), ChargeMode.UpTo));
        scene.Charge(new Charge("plain-that-happened", [Scene.Line("calls", "3")], null, ChargeMode.Record));
        scene.Charge(new Charge("plain-of-a-producer", [Scene.Line("calls", "3")], null, ChargeMode.Enforce, "meter-7", 12));
        Charge("rounded", "third", "1");
        Charge("decoded-free", "free", "1");
        Charge("some-of-it-free", "free", "7");
        Charge("decoded-two-tiers", "tokens", "15");
        Charge("decoded-capped", "capped", "100");
        scene.Charge(new Charge("decoded-two-lines", [Scene.Line("calls", "1"), Scene.Line("calls", "2")], null, ChargeMode.Enforce));
        Charge("decoded-of-two-grants", "calls", "100");
        Charge("plain-of-the-second", "calls", "1");
        scene.Put(PolicyTerms.None with { MaximumCreditsPerCharge = Scene.Of("10"), Shadow = [PolicyRule.MaximumCreditsPerCharge] });
        Charge("decoded-beyond-a-rule-in-shadow", "calls", "11");
        scene.Put(PolicyTerms.None with { MaximumCreditsPerCharge = Scene.Of("10") });
        scene.Charge(new Charge("decoded-beyond-a-rule", [Scene.Line("calls", "11")], null, ChargeMode.Record));
        scene.Put(PolicyTerms.None);
        scene.Charge(new Charge("decoded-cut", [Scene.Line("calls", "2000")], null, ChargeMode.UpTo));
        scene.Charge(new Charge("decoded-overage", [Scene.Line("calls", "3")], null, ChargeMode.Record));

        var charges = scene.Entries.OfType<Charged>().ToList();
        Assert.True(charges.Count == 19, $"All should be charged, and these are: {string.Join(", ", charges.Select(static charge => charge.Id))}.");
        Assert.All(charges, static charge => Assert.Equal(!charge.Id.StartsWith("decoded", StringComparison.Ordinal), EncodedCharge.TryRead(charge.Encoded, out _)));

        var store = FolderSegmentStore.OpenToWrite(_folder.Path);
        var archive = await PartitionArchive.OpenAsync(store, _writer, 0, Token);
        var batch = archive.Begin();
        scene.Entries.ForEach(entry => batch.Add("acme", entry.Encoded));
        await archive.CommitAsync(batch, new Progress(1, 17), Token);
        using var reader = new LedgerReader(store);
        var read = await reader.ReadAsync(new LedgerQuery { Account = "acme", MaxRows = 1_000 }, Token);
        Assert.Equal(SegmentTests.Rows("acme", scene.Entries).Select(SegmentTests.Told), read.Rows.Select(SegmentTests.Told));

        void Charge(string id, string meter, string quantity, params Dimension[] dimensions) =>
            scene.Charge(new Charge(id, [Scene.Line(meter, quantity, dimensions)], null, ChargeMode.Enforce));
    }

    public void Dispose()
    {
        _writer.Dispose();
        _folder.Dispose();
    }

    private static Scene Priced()
    {
        var scene = new Scene(card: Scene.CardOf(
            Scene.Meter("calls", new PriceDraft { Id = "a-price-with-a-long-id", Kind = PriceKind.PerUnit, UnitPrice = 1m }),
            Scene.Meter("thousand", new PriceDraft { Id = "thousand", Kind = PriceKind.PerUnit, UnitPrice = 1m, Convert = new ConversionDraft { Divide = 1000m } }),
            Scene.Meter("third", new PriceDraft { Id = "third", Kind = PriceKind.PerUnit, UnitPrice = 1m, Convert = new ConversionDraft { Divide = 3m } }),
            Scene.Meter("free", new PriceDraft { Id = "free", Kind = PriceKind.PerUnit, UnitPrice = 1m, FreeUnits = 5m }),
            Scene.Meter("tokens", new PriceDraft { Id = "tokens", Kind = PriceKind.Graduated, Tiers = [new() { UpTo = 10m, UnitPrice = 2m }, new() { UnitPrice = 1m }] }),
            Scene.Meter("capped", new PriceDraft { Id = "capped", Kind = PriceKind.PerUnit, UnitPrice = 1m, MaximumPerPeriod = 10m })));
        scene.Grant(Scene.Terms("first", "150", priority: 1));
        scene.Grant("second", "1000");
        return scene;
    }
}
