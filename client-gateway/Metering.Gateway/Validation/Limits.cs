namespace Metering.Gateway.Validation;

/// <summary>How much a request may carry. Over it the request is refused, field by field.</summary>
internal static class Limits
{
    public const int MaxNameLength = 128;
    public const int MaxLinesPerCharge = 32;
    public const int MaxDimensions = 16;
    public const int MaxDimensionNameLength = 64;

    /// <summary>Before the name of a dimension where other names stand as well.</summary>
    public const string DimensionPrefix = "dimension.";

    public const int MaxDimensionValueLength = 256;
    public const int MaxChargesPerBatch = 10_000;
    public const int MaxDisplayNameLength = 256;
    public const int MaxMetadataPairs = 50;
    public const int MaxMetadataKeyLength = 64;
    public const int MaxMetadataValueLength = 512;

    /// <summary>Patterns of meters in one list: of a grant, a budget's scope, a policy.</summary>
    public const int MaxPatterns = 100;
    public const int MaxPriority = 1_000_000;
    public const int MaxCreditDefinitionLength = 1_024;
    public const int MaxMetersPerCard = 1_000;
    public const int MaxUnitLength = 64;
    public const int MaxPricesPerMeter = 100;
    public const int MaxTiersPerPrice = 100;
    public const int MaxAccountsPerPage = 100;
    public const int DefaultAccountsPerPage = 50;
    public const int MaxUnitsBetweenRefills = 1_000;
    public const int MaxThresholds = 20;

    /// <summary>Percent of a budget's limit.</summary>
    public const int MaxThreshold = 1_000;

    public const int MaxRateLimits = 100;
    public const int MaxRateLimitSeconds = 86_400;

    /// <summary>The month after the last one must have a name too.</summary>
    public const int MaxStatementYear = 9_998;

    /// <summary>Far from overflowing, and more than any producer will count to.</summary>
    public const long MaxProducerSequence = 1L << 62;

    /// <summary>A year: longer than any id is remembered.</summary>
    public const long MaxFirstSentMillisecondsAgo = 365L * 24 * 60 * 60 * 1_000;

    /// <summary>The largest amount and the largest quantity.</summary>
    public const decimal MaxAmount = 999_999_999_999_999_999.999999999m;

    public const int MaxDecimals = 9;
}
